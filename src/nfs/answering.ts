/** From a call to its answer, whatever its program does. */
import type { Soon } from '../core/content.ts';
import { type Answer, type Call, type Caller, dispatch, type Program } from './rpc.ts';

export interface Answering {
  readonly programs: readonly Program[];
  readonly onBug: (error: unknown) => void;
  /** Told of each call that is not answered at once, and of the end of it. */
  readonly begin: () => void;
  readonly end: () => void;
}

export const SYSTEM_ERROR = { kind: 'system-error' } as const satisfies Answer;

/** Never throws or rejects: a program that does has a bug, and its caller is told of an error of the system. RFC 5531 §9 */
export function answerTo(call: Call, caller: Caller, { programs, onBug, begin, end }: Answering): Soon<Answer> {
  const failed = (error: unknown): Answer => {
    onBug(error);
    return SYSTEM_ERROR;
  };
  try {
    const answer = dispatch(call, caller, programs);
    if (!(answer instanceof Promise)) return answer;
    begin();
    return answer.catch(failed).finally(end);
  } catch (error) {
    return failed(error);
  }
}
