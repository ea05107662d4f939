/** From a call to its answer, whatever its program does. */
import type { Soon } from '../core/content.ts';
import type { Work } from '../core/work.ts';
import { type Answer, type Call, type Caller, dispatch, type Program } from './rpc.ts';

export interface Answering {
  readonly programs: readonly Program[];
  readonly onBug: (error: unknown) => void;
  /** Those that are not answered at once. */
  readonly work: Pick<Work, 'begin' | 'end'>;
}

export const SYSTEM_ERROR = { kind: 'system-error' } as const satisfies Answer;

/** Never throws or rejects: a program that does has a bug, and its caller is told of an error of the system. RFC 5531 §9 */
export function answerTo(call: Call, caller: Caller, { programs, onBug }: Answering): Soon<Answer> {
  const failed = (error: unknown): Answer => {
    onBug(error);
    return SYSTEM_ERROR;
  };
  try {
    const answer = dispatch(call, caller, programs);
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}
