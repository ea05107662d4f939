/** `flink firewall`: the ruleset, printed, loaded or taken out. */
import type { FlinkConfig } from '../config/types.ts';
import type { Host } from '../host.ts';
import type { Command, Input, Terminal } from './command.ts';
import { FLINK_OPTIONS, JSON_OPTION } from './options.ts';
import type { FlinkParts, PrintedFirewall } from './role.ts';

type Parts = FlinkParts['firewall'];
/** Reads the configuration. Throws a `Fault`. */
type Load = (input: Input, terminal: Terminal) => { readonly config: FlinkConfig; readonly host: Host };

export function firewallCommands(parts: Parts, load: Load): readonly Command[] {
  return [
    {
      name: 'firewall print',
      summary: 'Prints the nftables ruleset; needs no rights and loads nothing.',
      options: { ...FLINK_OPTIONS, ...JSON_OPTION },
      run: async (input, terminal) => {
        const { config, host } = load(input, terminal);
        const printed = await parts.print(config, host);
        if (input.has('json')) terminal.out(JSON.stringify(printed, null, 2));
        else for (const line of readable(printed)) terminal.out(line);
        return 0;
      },
    },
    {
      name: 'firewall apply',
      summary: 'Loads it in one step, in place of the one before.',
      options: FLINK_OPTIONS,
      run: async (input, terminal) => {
        const { config, host } = load(input, terminal);
        terminal.out(await parts.apply(config, host));
        return 0;
      },
    },
    {
      name: 'firewall remove',
      summary: 'Takes it out, and gives back what was before. The configuration is not looked at.',
      options: FLINK_OPTIONS,
      run: async (_input, terminal) => {
        terminal.out(await parts.remove());
        return 0;
      },
    },
  ];
}

/** It can be given to `nft -f -` as it is: what is not for nft stands behind a `#`. */
function readable({ ruleset, isForwarding, shaping, notes }: PrintedFirewall): readonly string[] {
  const more = [...(isForwarding ? ['sysctl -w net.ipv4.ip_forward=1'] : []), ...shaping];
  return [
    ...notes.map((note) => `# ${note}`),
    ...(more.length > 0 ? ['# besides the table, "firewall apply" does:', ...more.map((line) => `#   ${line}`)] : []),
    ...ruleset.trimEnd().split('\n'),
  ];
}
