/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quotas: how many messages and recipients a source may send in a time, over all its
 * connections that one inspect reads.
 */
#ifndef PN_QUOTA_H
#define PN_QUOTA_H

#include "classify.h"
#include "smtp.h"

struct pn_inspector;
struct pn_net;

/**
 * pn_quota_take - one more
 * @pn: namespace
 * @inspector: that has the rates
 * @t: connection, from client to server
 * @what: of which
 *
 * Context: packet path, BH disabled. Return: whether the client may have it.
 */
bool pn_quota_take(struct pn_net *pn, const struct pn_inspector *inspector,
		   const struct pn_tuple *t, enum pn_smtp_charge what);

#endif /* PN_QUOTA_H */
