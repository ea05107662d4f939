#!/usr/bin/env node
import { withRuntime } from './cli/runtime.ts';

withRuntime(import.meta.url, async () => {
  const [{ main }, { hallProgram }, roles] = await Promise.all([
    import('./cli/main.ts'),
    import('./cli/hall.ts'),
    import('./roles.ts'),
  ]);
  await main(hallProgram(roles));
});
