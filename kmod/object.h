/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of a policy as they come over netlink: what their attributes may hold,
 * and from nest to object. The other way is dump.h.
 */
#ifndef PN_OBJECT_H
#define PN_OBJECT_H

#include <net/netlink.h>
#include <uapi/linux/postern.h>

struct pn_policy;

/* Attributes of POLICY_BEGIN and POLICY_ADD. */
extern const struct nla_policy pn_begin_attrs[POSTERN_A_MARK_MASK + 1];
extern const struct nla_policy pn_add_attrs[POSTERN_A_RULE + 1];

/*
 * Attribute checks that the kernel's own cannot say: something is named, without
 * blanks and control characters; a text is without control characters.
 */
int pn_check_name(const struct nlattr *attr, struct netlink_ext_ack *extack);
int pn_check_text(const struct nlattr *attr, struct netlink_ext_ack *extack);

/* MARK and MARK_MASK, either may be NULL. Return: 0 or -EINVAL. */
int pn_object_mark(const struct nlattr *mark, const struct nlattr *mask,
		   u32 *to_mark, u32 *to_mask, struct netlink_ext_ack *extack);

/* Adds the names of a POSTERN_A_FILES nest. */
int pn_object_add_files(struct pn_policy *policy, const struct nlattr *nest,
			struct netlink_ext_ack *extack);

/*
 * Adds the object of a POSTERN_A_ZONE, _HOSTS, _RANGES, _SERVICE or _RULE nest,
 * which pn_add_attrs has let through. On refusal @extack has the sentence, the
 * attribute, and as cookie the object's place. Context: may sleep.
 */
int pn_object_add(struct pn_policy *policy, const struct nlattr *nest,
		  struct netlink_ext_ack *extack);

/* Sets @extack's cookie, unless @line is 0. */
void pn_object_blame(struct netlink_ext_ack *extack, u32 file, u32 line);

#endif /* PN_OBJECT_H */
