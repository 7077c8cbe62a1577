/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses, prefixes and ranges as text. */
#ifndef POLICY_ADDRESS_H
#define POLICY_ADDRESS_H

#include "addrset.h"

/* Long enough for two IPv6 addresses and a dash. */
#define RANGE_TEXT_MAX 96
#define ADDRESS_ERROR_MAX 256

/*
 * An address, a/len or a-b. False: @why says what is wrong, as one sentence.
 * The text need not end with a 0.
 */
bool address_parse(const char *text, size_t len, struct range *r, char why[ADDRESS_ERROR_MAX]);

/* -1: the range is no prefix. */
int address_prefix_length(const struct range *r);

/* As a prefix where it is one. */
void address_print(const struct range *r, char text[RANGE_TEXT_MAX]);

/* Whether someone who writes this means an address rather than a name. */
bool address_is_meant(const char *text, size_t len);

#endif
