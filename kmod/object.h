/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of a policy as they come over netlink: what their attributes may hold,
 * and from nest to object. The other way is dump.h.
 */
#ifndef PN_OBJECT_H
#define PN_OBJECT_H

#include <net/netlink.h>
#include <uapi/linux/postern.h>

struct pn_inspector;
struct pn_limit;
struct pn_limit_rate;
struct pn_place;
struct pn_policy;

/* Attributes of POLICY_BEGIN and POLICY_ADD. */
extern const struct nla_policy pn_begin_attrs[POSTERN_A_FASTPATH + 1];
extern const struct nla_policy pn_add_attrs[POSTERN_A_INSPECT + 1];

/* Attributes of a POSTERN_A_LIMIT nest. */
extern const struct nla_policy pn_limit_attrs[POSTERN_A_LIMIT_PREFIXES + 1];

/* Attributes of a POSTERN_A_INSPECT nest. */
extern const struct nla_policy pn_inspect_attrs[POSTERN_A_INSPECT_LINE + 1];

/*
 * Attribute checks that the kernel's own cannot say: something is named, without
 * blanks and control characters; a text is without control characters; an array
 * holds whole numbers of 32 bits, and not too many.
 */
int pn_check_name(const struct nlattr *attr, struct netlink_ext_ack *extack);
int pn_check_text(const struct nlattr *attr, struct netlink_ext_ack *extack);
int pn_check_words(const struct nlattr *attr, struct netlink_ext_ack *extack);

/* MARK and MARK_MASK, either may be NULL. Return: 0 or -EINVAL. */
int pn_object_mark(const struct nlattr *mark, const struct nlattr *mask,
		   u32 *to_mark, u32 *to_mask, struct netlink_ext_ack *extack);

/* Adds the names of a POSTERN_A_FILES nest. */
int pn_object_add_files(struct pn_policy *policy, const struct nlattr *nest,
			struct netlink_ext_ack *extack);

/*
 * Adds the object of a POSTERN_A_ZONE, _HOSTS, _RANGES, _SERVICE, _LIMIT, _INSPECT or
 * _RULE nest, which pn_add_attrs has let through. On refusal @extack has the sentence,
 * the attribute, and as cookie the object's place. Context: may sleep.
 */
int pn_object_add(struct pn_policy *policy, const struct nlattr *nest,
		  struct netlink_ext_ack *extack);

/* Part of it: a limit, of whose nest @tb holds the attributes. */
int pn_object_add_limit(struct pn_policy *policy, struct nlattr **tb,
			const struct pn_place *place,
			struct netlink_ext_ack *extack);

/* The way back: all but name, flags and place. Return: 0 or -EMSGSIZE. */
int pn_object_put_limit(struct sk_buff *skb, const struct pn_limit *limit);

/* The same of an inspect. */
int pn_object_add_inspect(struct pn_policy *policy, struct nlattr **tb,
			  const struct pn_place *place,
			  struct netlink_ext_ack *extack);
int pn_object_put_inspect(struct sk_buff *skb,
			  const struct pn_inspector *inspector);

/* And of a rate, which neither of them need have. */
int pn_object_take_rate(const struct nlattr *attr, struct pn_limit_rate *rate,
			struct netlink_ext_ack *extack);
int pn_object_put_rate(struct sk_buff *skb, int type,
		       const struct pn_limit_rate *rate);

/* Sets @extack's cookie, unless @line is 0. */
void pn_object_blame(struct netlink_ext_ack *extack, u32 file, u32 line);

#endif /* PN_OBJECT_H */
