// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "rate.h"
#include "words.h"

static const struct {
	const char *name;
	uint32_t ms;
} units[] = {
	{ "second", 1000 },
	{ "minute", 60000 },
	{ "hour", 3600000 },
	{ "day", 86400000 },
};

#define NR_UNITS (sizeof(units) / sizeof(*units))

const char *rate_unit(uint32_t per_ms)
{
	size_t i;

	for (i = 0; i < NR_UNITS; i++)
		if (units[i].ms == per_ms)
			return units[i].name;
	return NULL;
}

uint32_t rate_burst(const struct postern_rate *rate)
{
	uint64_t burst = rate->per_ms ? (uint64_t)rate->count * 1000 / rate->per_ms : 0;

	return burst < 1 ? 1 : burst > RATE_BURST_MAX ? RATE_BURST_MAX : (uint32_t)burst;
}

uint32_t rate_burst_whole(const struct postern_rate *rate)
{
	return rate->count > RATE_BURST_MAX ? RATE_BURST_MAX : rate->count;
}

bool rate_parse(const char *text, struct postern_rate *rate, uint64_t *count)
{
	size_t digits = strcspn(text, "/"), i;
	char number[16];

	if (text[digits] != '/' || digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = 0;
	if (!amount_parse(number, false, count))
		return false;
	for (i = 0; i < NR_UNITS; i++) {
		if (strcmp(text + digits + 1, units[i].name))
			continue;
		rate->per_ms = units[i].ms;
		return true;
	}
	return false;
}

void rate_print(FILE *f, const struct postern_rate *rate, uint32_t usual)
{
	const char *unit = rate_unit(rate->per_ms);

	fprintf(f, "%u/%s", rate->count, unit ? unit : "?");
	if (rate->burst != usual)
		fprintf(f, " burst %u", rate->burst);
}
