// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

/* inet_pton would do, but a list of a million lines comes through here. */
static bool parse4(const char *p, size_t len, uint32_t *out)
{
	const char *end = p + len;
	unsigned int octet, digits, i;
	uint32_t a = 0;

	for (i = 0; i < 4; i++) {
		if (i && (p == end || *p++ != '.'))
			return false;
		octet = 0;
		for (digits = 0; p < end && *p >= '0' && *p <= '9'; digits++) {
			if (digits == 3 || (digits && !octet))
				return false;
			octet = octet * 10 + (unsigned int)(*p++ - '0');
		}
		if (!digits || octet > 255)
			return false;
		a = a << 8 | octet;
	}
	*out = a;
	return p == end;
}

static bool parse6(const char *p, size_t len, struct in6_addr *out)
{
	char text[INET6_ADDRSTRLEN];

	if (len >= sizeof(text))
		return false;
	memcpy(text, p, len);
	text[len] = 0;
	return inet_pton(AF_INET6, text, out) == 1;
}

static bool parse_one(const char *p, size_t len, struct range *r)
{
	if (parse4(p, len, &r->r4.lo)) {
		r->family = AF_INET;
		r->r4.hi = r->r4.lo;
		return true;
	}
	if (memchr(p, ':', len) && parse6(p, len, &r->r6.lo)) {
		r->family = AF_INET6;
		r->r6.hi = r->r6.lo;
		return true;
	}
	return false;
}

static bool parse_length(const char *p, size_t len, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;

	if (!len || len > 3 || (len > 1 && *p == '0'))
		return false;
	for (; len; len--, p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (unsigned int)(*p - '0');
	}
	*out = value;
	return value <= max;
}

/* Widens the address to its prefix; false if bits beyond it are set. */
static bool widen(struct range *r, unsigned int bits)
{
	bool clean = true;
	uint8_t mask;
	int i;

	if (r->family == AF_INET) {
		uint32_t host = bits ? (uint32_t)((1ULL << (32 - bits)) - 1) : UINT32_MAX;

		clean = !(r->r4.lo & host);
		r->r4.lo &= ~host;
		r->r4.hi = r->r4.lo | host;
		return clean;
	}
	for (i = 0; i<16; i++, bits = bits> 8 ? bits - 8 : 0) {
		mask = bits >= 8 ? 0 : (uint8_t)(0xff >> bits);
		if (r->r6.lo.s6_addr[i] & mask)
			clean = false;
		r->r6.lo.s6_addr[i] &= (uint8_t)~mask;
		r->r6.hi.s6_addr[i] = r->r6.lo.s6_addr[i] | mask;
	}
	return clean;
}

static int shown(size_t len)
{
	return len > 64 ? 64 : (int)len;
}

#define WHY(...) snprintf(why, ADDRESS_ERROR_MAX, __VA_ARGS__)

static bool not_an_address(const char *text, size_t len, char *why)
{
	unsigned int dots = 0;
	size_t k = 0;

	while (k < len && (isdigit((unsigned char)text[k]) || text[k] == '.'))
		dots += text[k++] == '.';
	if (k == len && dots == 3) {
		for (k = 0; k < len; k++) {
			if (text[k] == '0' && k + 1 < len && text[k + 1] != '.' &&
			    (!k || text[k - 1] == '.')) {
				WHY("'%.*s' has a number with a leading zero, which some read as octal.",
				    shown(len), text);
				return false;
			}
		}
	}
	if (memchr(text, '%', len))
		WHY("'%.*s' names an interface; put the interface in a zone and write the address alone.",
		    shown(len), text);
	else
		WHY("'%.*s' is not an IPv4 or IPv6 address.", shown(len), text);
	return false;
}

static bool is_mapped(const struct range *r)
{
	return r->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&r->r6.lo) &&
	       IN6_IS_ADDR_V4MAPPED(&r->r6.hi);
}

static bool check_mapped(const struct range *r, const char *text, size_t len, char *why)
{
	if (!is_mapped(r))
		return true;
	WHY("'%.*s' is an IPv4 address written as IPv6, which no packet carries; write it as IPv4.",
	    shown(len), text);
	return false;
}

static bool parse_prefix(const char *text, size_t len, const char *slash, struct range *r,
			 char *why)
{
	size_t before = (size_t)(slash - text), after = len - before - 1;
	unsigned int bits, max;
	char right[RANGE_TEXT_MAX];

	if (!parse_one(text, before, r))
		return not_an_address(text, before, why);
	max = r->family == AF_INET ? 32 : 128;
	if (!parse_length(slash + 1, after, max, &bits)) {
		if (!after)
			WHY("'%.*s' has no prefix length; write one from 0 to %u behind the slash.",
			    shown(len), text, max);
		else if (memchr(slash + 1, '.', after))
			WHY("'%.*s' is a netmask; write a prefix length from 0 to %u.",
			    shown(after), slash + 1, max);
		else
			WHY("'%.*s' is not a prefix length; that of an %s prefix is from 0 to %u.",
			    shown(after), slash + 1, max == 32 ? "IPv4" : "IPv6", max);
		return false;
	}
	if (!widen(r, bits)) {
		address_print(r, right);
		WHY("'%.*s' has bits set beyond its prefix length; did you mean %s?", shown(len),
		    text, right);
		return false;
	}
	return check_mapped(r, text, len, why);
}

static bool parse_range(const char *text, size_t len, const char *dash, struct range *r, char *why)
{
	size_t before = (size_t)(dash - text), after = len - before - 1;
	struct range hi;
	bool backwards;

	if (!parse_one(text, before, r))
		return not_an_address(text, before, why);
	if (!parse_one(dash + 1, after, &hi))
		return not_an_address(dash + 1, after, why);
	if (r->family != hi.family) {
		WHY("the range '%.*s' goes from %s to %s.", shown(len), text,
		    r->family == AF_INET ? "IPv4" : "IPv6", hi.family == AF_INET ? "IPv4" : "IPv6");
		return false;
	}
	if (r->family == AF_INET)
		backwards = hi.r4.lo < r->r4.lo;
	else
		backwards = memcmp(&hi.r6.lo, &r->r6.lo, 16) < 0;
	if (backwards) {
		WHY("the range '%.*s' goes backwards; did you mean %.*s-%.*s?", shown(len), text,
		    shown(after), dash + 1, shown(before), text);
		return false;
	}
	if (r->family == AF_INET)
		r->r4.hi = hi.r4.lo;
	else
		r->r6.hi = hi.r6.lo;
	return check_mapped(r, text, len, why);
}

bool address_parse(const char *text, size_t len, struct range *r, char why[ADDRESS_ERROR_MAX])
{
	const char *p;

	p = memchr(text, '/', len);
	if (p)
		return parse_prefix(text, len, p, r, why);
	p = memchr(text, '-', len);
	if (p)
		return parse_range(text, len, p, r, why);
	if (!parse_one(text, len, r))
		return not_an_address(text, len, why);
	return check_mapped(r, text, len, why);
}

int address_prefix_length(const struct range *r)
{
	const uint8_t *lo = r->r6.lo.s6_addr, *hi = r->r6.hi.s6_addr;
	int len = 0, i;
	uint8_t x;

	if (r->family == AF_INET) {
		uint32_t host = r->r4.lo ^ r->r4.hi;

		if ((host & (host + 1)) || (r->r4.lo & host))
			return -1;
		return host ? __builtin_clz(host) : 32;
	}
	for (i = 0; i < 16 && lo[i] == hi[i]; i++)
		len += 8;
	if (i == 16)
		return len;
	x = lo[i] ^ hi[i];
	if ((x & (x + 1)) || (lo[i] & x))
		return -1;
	len += 8 - (32 - __builtin_clz(x));
	for (i++; i < 16; i++)
		if (lo[i] != 0 || hi[i] != 0xff)
			return -1;
	return len;
}

void address_print(const struct range *r, char text[RANGE_TEXT_MAX])
{
	bool v4 = r->family == AF_INET;
	int bits = address_prefix_length(r), n;
	struct in_addr a;

	a.s_addr = htonl(r->r4.lo);
	inet_ntop(r->family, v4 ? (const void *)&a : &r->r6.lo, text, RANGE_TEXT_MAX);
	n = (int)strlen(text);
	if (bits == (v4 ? 32 : 128))
		return;
	if (bits >= 0) {
		snprintf(text + n, (size_t)(RANGE_TEXT_MAX - n), "/%d", bits);
		return;
	}
	text[n++] = '-';
	a.s_addr = htonl(r->r4.hi);
	inet_ntop(r->family, v4 ? (const void *)&a : &r->r6.hi, text + n,
		  (socklen_t)(RANGE_TEXT_MAX - n));
}

bool address_is_meant(const char *text, size_t len)
{
	return len &&
	       (isdigit((unsigned char)*text) || memchr(text, ':', len) || memchr(text, '/', len));
}
