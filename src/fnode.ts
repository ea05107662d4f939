#!/usr/bin/env node
import { withRuntime } from './cli/runtime.ts';

withRuntime(import.meta.url, async () => {
  const [{ main }, { fnodeProgram }, roles] = await Promise.all([
    import('./cli/main.ts'),
    import('./cli/fnode.ts'),
    import('./roles.ts'),
  ]);
  await main(fnodeProgram(roles));
});
