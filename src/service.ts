/** What a role starts and stops: a thin shell around pure decisions. */

export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface Service {
  readonly name: string;
  /** Opens what needs rights: ports. Rejects with a `Fault` when it cannot do its work, a port in use for instance. */
  start(): Promise<void>;
  /** After `start` of all, when root's rights are gone: opens what belongs to whom the process runs as, its state. Rejects likewise. */
  settle?(): Promise<void>;
  /** Idempotent. Leaves no socket, timer or file open. */
  stop(): Promise<void>;
  /** Does no input or output. */
  health(): Health;
}

/**
 * Starts them in order, gives up rights, settles them in order. If one fails, those already started are stopped, in reverse, before
 * the fault goes on.
 */
export async function startAll(services: readonly Service[], giveUpRights: () => void = () => {}): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
    giveUpRights();
    for (const service of services) await service.settle?.();
  } catch (fault) {
    await stopAll(started);
    throw fault;
  }
}

/** Stops them in reverse order; one that fails to stop does not keep the others running. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  for (const service of services.toReversed()) await service.stop().catch(() => {});
}
