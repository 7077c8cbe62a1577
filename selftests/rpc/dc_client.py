#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A client of a domain controller, by impacket: asks the mapper, goes there, calls.

    dc_client.py map SERVER INTERFACE...    the ports
    dc_client.py call SERVER INTERFACE...   map, connect, bind and call each
    dc_client.py lookup SERVER              all that the mapper knows
    dc_client.py member SERVER              look a name up as a member of the domain does,
                                            by netlogon and lsarpc; not by impacket, but by
                                            Samba, which has the secure channel for that

INTERFACE is a name of INTERFACES below. A line each step, as of client.py:

    INTERFACE STEP OUTCOME SECONDS s [DETAIL...]

OUTCOME is ok, for the step map the port, or:

    error       a status that the mapper, or what was called, answers
    fault       the call                    rejected  the bind, by the server
    reset       by either end or a router   refused   a reset instead of a connection
    timeout     no connection in time       failed    whatever else impacket thinks of
"""
import argparse
import sys
import time

from impacket.dcerpc.v5 import bkrp, drsuapi, dssp, epm, lsad, nrpc, rpcrt, samr, transport

TIMEOUT = 10
NOT_REGISTERED = 0x16c9a0d6
LEVELS = {'none': None, 'connect': rpcrt.RPC_C_AUTHN_LEVEL_CONNECT,
          'integrity': rpcrt.RPC_C_AUTHN_LEVEL_PKT_INTEGRITY,
          'privacy': rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY}


class Failure(Exception):
    def __init__(self, outcome, detail=''):
        super().__init__(outcome, detail)
        self.outcome, self.detail = outcome, detail


# ---- a call of each interface, of which the answer says that it was the right one


def call_samr(dce):
    handle = samr.hSamrConnect(dce)['ServerHandle']
    domains = samr.hSamrEnumerateDomainsInSamServer(dce, handle)['Buffer']['Buffer']
    return ' '.join(d['Name'] for d in domains)


def call_lsarpc(dce):
    lsad.hLsarOpenPolicy2(dce, lsad.POLICY_LOOKUP_NAMES)
    return 'policy opened'


def call_netlogon(dce):
    answer = nrpc.hDsrGetDcNameEx(dce, nrpc.NULL, nrpc.NULL, nrpc.NULL, nrpc.NULL, 0)
    return answer['DomainControllerInfo']['DomainControllerName'].rstrip('\0')


def call_drsuapi(dce):
    request, extensions = drsuapi.DRSBind(), drsuapi.DRS_EXTENSIONS_INT()
    extensions['cb'] = len(extensions)
    extensions['dwFlags'] = drsuapi.DRS_EXT_STRONG_ENCRYPTION
    for name in ('SiteObjGuid', 'ConfigObjGUID'):
        extensions[name] = drsuapi.NULLGUID
    for name in ('Pid', 'dwReplEpoch', 'dwFlagsExt', 'dwExtCaps'):
        extensions[name] = 0
    request['puuidClientDsa'] = drsuapi.NTDSAPI_CLIENT_GUID
    request['pextClient']['cb'] = len(extensions)
    request['pextClient']['rgb'] = list(extensions.getData())
    handle = dce.request(request)['phDrs']
    names = drsuapi.hDRSCrackNames(dce, handle, 0, drsuapi.DS_NAME_FORMAT.DS_NT4_ACCOUNT_NAME,
                                   drsuapi.DS_NAME_FORMAT.DS_FQDN_1779_NAME,
                                   ['EXAMPLE\\Administrator\0'])
    return names['pmsgOut']['V1']['pResult']['rItems'][0]['pName'].rstrip('\0')


def call_dssetup(dce):
    answer = dssp.hDsRolerGetPrimaryDomainInformation(dce, 1)
    return answer['DomainInfo']['DomainInfoBasic']['DomainNameDns'].rstrip('\0')


def call_backupkey(dce):
    bkrp.hBackuprKey(dce, bkrp.BACKUPKEY_RETRIEVE_BACKUP_KEY_GUID, nrpc.NULL)
    return 'key retrieved'


INTERFACES = {
    'samr': (samr.MSRPC_UUID_SAMR, call_samr),
    'lsarpc': (lsad.MSRPC_UUID_LSAD, call_lsarpc),
    'netlogon': (nrpc.MSRPC_UUID_NRPC, call_netlogon),
    'drsuapi': (drsuapi.MSRPC_UUID_DRSUAPI, call_drsuapi),
    'dssetup': (dssp.MSRPC_UUID_DSSP, call_dssetup),
    'backupkey': (bkrp.MSRPC_UUID_BKRP, call_backupkey),
}

# ---- steps, a line each


def outcome(why):
    """A Failure for whatever went wrong; impacket hides some of it in texts."""
    text = str(why).strip()
    if isinstance(why, Failure):
        return why
    if isinstance(why, ConnectionResetError) or 'Errno 104' in text:
        return Failure('reset')
    if isinstance(why, ConnectionRefusedError) or 'Errno 111' in text:
        return Failure('refused')
    if isinstance(why, TimeoutError) or 'timed out' in text:
        return Failure('timeout')
    if 'rejected' in text or 'abstract_syntax' in text:
        return Failure('rejected', text)
    if isinstance(why, rpcrt.DCERPCException):
        # What was called has a status of its own; the mapper's is in impacket's table.
        status = why.get_packet() is not None or why.get_error_code() == NOT_REGISTERED
        return Failure('error' if status else 'fault', text)
    return Failure('failed', f'{type(why).__name__} {text}')


def step(name, what, action):
    """action gives (value, outcome, detail). Return: the value; None if it fails."""
    start = time.monotonic()
    try:
        value, result, detail = action()
    except Exception as why:  # whatever impacket and Samba raise
        failure = outcome(why)
        value, result, detail = None, failure.outcome, failure.detail
    seconds = time.monotonic() - start
    detail = ' '.join(str(detail).split())
    print(f'{name} {what} {result} {seconds:.3f} s {detail}'.rstrip(), flush=True)
    return value


class Client:
    def __init__(self, options):
        self.options = options
        self.failed = False

    def connection(self, port):
        way = transport.DCERPCTransportFactory(f'ncacn_ip_tcp:{self.options.server}[{port}]')
        way.set_connect_timeout(TIMEOUT)
        dce = way.get_dce_rpc()
        if port != 135 and LEVELS[self.options.auth]:
            way.set_credentials('Administrator', 'Let-me-in-1', 'EXAMPLE')
            dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
            dce.set_auth_level(LEVELS[self.options.auth])
        dce.connect()
        return dce

    def step(self, *args):
        value = step(*args)
        self.failed |= value is None
        return value

    def map(self, names):
        """Return: the port of each, None if there is none."""

        def ask(name):
            binding = epm.hept_map(self.options.server, INTERFACES[name][0],
                                   protocol='ncacn_ip_tcp')
            port = int(binding.rsplit('[', 1)[1].rstrip(']'))
            return port, port, binding

        return {n: self.step(n, 'map', lambda n=n: ask(n)) for n in names}

    def use(self, name, port):
        uuid, call = INTERFACES[name]
        dce = self.step(name, 'connect', lambda: (self.connection(port), 'ok', port))
        if dce and self.step(name, 'bind', lambda: (dce.bind(uuid) or True, 'ok', '')):
            self.step(name, 'call', lambda: (True, 'ok', call(dce)))
            if self.options.alter:
                self.alter(dce, self.options.alter)
        if dce:
            dce.disconnect()

    def alter(self, dce, name):
        """Bind another interface by alter_context."""
        uuid, call = INTERFACES[name]
        other = self.step(name, 'alter', lambda: (dce.alter_ctx(uuid), 'ok', ''))
        if other:
            self.step(name, 'call', lambda: (True, 'ok', call(other)))


def do_map(client, options):
    client.map(options.interfaces)


def do_call(client, options):
    ports = {n: options.port for n in options.interfaces}
    for name, port in (ports if options.port else client.map(options.interfaces)).items():
        if port:
            client.use(name, port)


def do_lookup(client, options):
    """Samba says that there are no more entries where impacket's own loop takes it for
    an error, as rpcdump.py does."""

    def ask():
        dce = client.connection(135)
        dce.bind(epm.MSRPC_UUID_PORTMAP)
        request = epm.ept_lookup()
        request['inquiry_type'], request['vers_option'] = 0, 1
        request['object'], request['Ifid'] = epm.NULL, epm.NULL
        request['entry_handle'], request['max_ents'] = epm.ept_lookup_handle_t(), 500
        number = dce.request(request)['num_ents']
        return number, 'ok', f'{number} entries'

    client.step('epmapper', 'lookup', ask)


def do_member(client, options):
    from samba import credentials, param
    from samba.dcerpc import lsa, misc, security

    def look():
        settings = param.LoadParm()
        settings.load_default()
        member = credentials.Credentials()
        member.guess(settings)
        member.set_domain('EXAMPLE')
        member.set_username('ws1$')
        member.set_workstation('ws1')
        member.set_password('Let-me-in-2')
        member.set_secure_channel_type(misc.SEC_CHAN_WKSTA)
        way = f'ncacn_ip_tcp:{options.server}[schannel,seal]'
        name = lsa.String()
        name.string = 'EXAMPLE\\Administrator'
        _, sids, _ = lsa.lsarpc(way, settings, member).LookupNames4(
            [name], lsa.TransSidArray3(), lsa.LSA_LOOKUP_NAMES_ALL, 0, 0, 2)
        return True, 'ok', sids.sids[0].sid

    client.step('lsarpc', 'member', look)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, action):
        sub = commands.add_parser(name)
        sub.set_defaults(action=action, auth='none')
        sub.add_argument('server')
        return sub.add_argument

    add = command('map', do_map)
    add('interfaces', choices=INTERFACES, nargs='+')
    add = command('call', do_call)
    add('interfaces', choices=INTERFACES, nargs='+')
    add('--port', type=int, help='there, without asking the mapper')
    add('--auth', choices=LEVELS, default='privacy')
    add('--alter', choices=INTERFACES, help='bind this one too, by alter_context')
    command('lookup', do_lookup)
    command('member', do_member)
    options = parser.parse_args()
    client = Client(options)
    options.action(client, options)
    sys.exit(client.failed)


if __name__ == '__main__':
    main()
