#!/usr/bin/env node
import { withRuntime } from './cli/runtime.ts';

withRuntime(import.meta.url, async () => {
  const [{ main }, { flinkProgram }, roles] = await Promise.all([
    import('./cli/main.ts'),
    import('./cli/flink.ts'),
    import('./roles.ts'),
  ]);
  await main(flinkProgram(roles));
});
