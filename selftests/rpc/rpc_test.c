// SPDX-License-Identifier: GPL-2.0
/*
 * DCE/RPC and the endpoint mapper: what has to work, and what each check refuses. The
 * hazards are those that have bitten shipped parsers. mutants says for most tests
 * which line of the parser it is that they watch.
 *
 * rpc_test [NAME...]
 */
#include "talk.h"

/* of the shim, for test.h: nothing here allocates, or needs chance */
u64 shim_seed;
long shim_live;

static const struct tower drsuapi = {
	.uuid = &DRSUAPI, .major = 4, .port = 49667, .addr = 0x0a000004,
};

static const struct offer windows[3] = {
	{ 0, &EPM, 3, 0, PN_RPC_NDR32 },
	{ 1, &EPM, 3, 0, PN_RPC_NDR64 },
	{ 2, &EPM, 3, 0, PN_RPC_FEATURES },
};

#include "hazards_of_conversations.h"
#include "hazards_of_stubs.h"
#include "mapper_tests.h"
#include "calls_tests.h"
#include "connection_tests.h"

#define TEST(name)	{ #name, name }
static const struct test tests[] = {
	TEST(hazard_ndr64_only),
	TEST(hazard_ndr64_refused),
	TEST(hazard_many_contexts),
	TEST(hazard_flags_zero),
	TEST(hazard_fragments),
	TEST(hazard_fragments_misfit),
	TEST(hazard_several_towers),
	TEST(hazard_alignment),
	TEST(hazard_padding),
	TEST(hazard_auth_underflow),
	TEST(hazard_auth_pad),
	TEST(hazard_auth_pad_between),
	TEST(hazard_context_reuse),
	TEST(hazard_results_short),
	TEST(hazard_results_other),
	TEST(hazard_counts),
	TEST(hazard_null_tower),
	TEST(hazard_tower_lengths),
	TEST(hazard_tower_floors),
	TEST(hazard_other_interface),
	TEST(hazard_unasked_answer),
	TEST(hazard_no_beginning),
	TEST(hazard_ports),
	TEST(hazard_bytes_twice),
	TEST(big_endian),
	TEST(multiplexed),
	TEST(decoders_bounded),
	TEST(not_registered),
	TEST(status_and_towers),
	TEST(entry_handle),
	TEST(any_address),
	TEST(ports_bounded),
	TEST(object_uuid),
	TEST(replaceable),
	TEST(blind),
	TEST(sealed_and_signed),
	TEST(sealed_by_surprise),
	TEST(sealed_late),
	TEST(lookups),
	TEST(lookup_long),
	TEST(other_calls),
	TEST(faults),
	TEST(orphans),
	TEST(other_interfaces),
	TEST(bind_nak),
	TEST(alter_context),
	TEST(data_connection),
	TEST(skipping),
	TEST(server_first),
	TEST(not_rpc),
	TEST(directions),
	TEST(lists_end),
	TEST(resumed),
	TEST(cursor),
	TEST(catalogue),
	TEST(reasons),
};

int main(int argc, char **argv)
{
	int status = run_chosen(tests, ARRAY_SIZE(tests), 1, argv + 1);

	(void)argc;
	keep_spoken();
	return status;
}
