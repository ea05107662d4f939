/** The firewall of a running flink: in place before its rights go, out when it stops. */
import { Fault, messageOf } from '../core/errors.ts';
import type { Log } from '../host.ts';
import type { Service } from '../service.ts';
import { applyFirewall, type FirewallPlan, type Machine, removeFirewall } from './apply.ts';
import { type Guard, startGuard } from './guard.ts';

export interface FirewallDeps {
  readonly machine: Machine;
  readonly log: Log;
  /** The program that takes the firewall out, with its arguments. */
  readonly removal: readonly string[];
}

export interface FirewallService extends Service {
  /** Throws a `Fault` where other rules follow from the configuration now: the rights for them are gone. */
  reload(): void;
}

export function firewallService(plan: () => FirewallPlan, { machine, log, removal }: FirewallDeps): FirewallService {
  let guard: Guard | undefined;
  let applied = '';
  return {
    name: 'firewall',
    start: async () => {
      const wanted = plan();
      applied = JSON.stringify(wanted);
      const { queue } = await applyFirewall(wanted, machine);
      guard = await startGuard(removal).catch(async (fault: unknown) => {
        await removeFirewall(machine);
        throw fault;
      });
      const { lan, wan } = wanted.facts;
      log.info('firewall', 'applied', { lan: lan.name, wan, shapedBy: queue });
    },
    stop: async () => {
      const last = guard;
      guard = undefined;
      await last?.remove().then(
        () => log.info('firewall', 'removed'),
        (fault: unknown) => log.error('firewall', 'not-removed', { error: messageOf(fault) }),
      );
    },
    health: () => (guard ? { ok: true } : { ok: false, reason: 'not-applied' }),
    reload: () => {
      if (guard === undefined || JSON.stringify(plan()) === applied) return;
      throw new Fault(
        'config',
        'other rules of the firewall follow from this: that needs a restart; the running configuration stays',
      );
    },
  };
}
