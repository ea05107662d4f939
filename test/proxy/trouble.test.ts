import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trouble } from '../../src/proxy/trouble.ts';

const failed = (code: string, more: object = {}): Error => Object.assign(new Error('it failed'), { code, ...more });

const cases: readonly { readonly name: string; readonly error: Error; readonly want: RegExp }[] = [
  { name: 'ENOSPC', error: failed('ENOSPC'), want: /is full: make room there, or give a smaller proxy\.cacheSize$/ },
  { name: 'EDQUOT', error: failed('EDQUOT'), want: /quota there is used up: raise it/ },
  { name: 'EROFS', error: failed('EROFS'), want: /may only be read: mount it for writing/ },
  { name: 'EIO', error: failed('EIO'), want: /disk fails: see dmesg, and name another folder as proxy\.cacheDir$/ },
  { name: 'SQLITE_FULL', error: failed('ERR_SQLITE_ERROR', { errcode: 13 }), want: /is full: make room/ },
  { name: 'SQLITE_IOERR_WRITE', error: failed('ERR_SQLITE_ERROR', { errcode: 10 + 3 * 256 }), want: /disk fails/ },
  { name: 'something else', error: failed('EWHATEVER'), want: /it failed: see whether it can be written to$/ },
];
for (const { name, error, want } of cases) {
  test(`trouble: ${name} is one sentence with the cure`, () => {
    const trouble = new Trouble('/cache');
    assert.equal(trouble.says, undefined);
    const fault = trouble.met(error, 0);
    assert.match(fault.message, /^the cache in \/cache takes nothing more, /);
    assert.match(fault.message, want);
    assert.equal(trouble.says, fault.message);
  });
}

test('trouble: it is tried again after half a minute, or once something went well', () => {
  const trouble = new Trouble('/cache');
  trouble.met(failed('EIO'), 1000);
  assert.deepEqual([trouble.mayTry(30_999), trouble.mayTry(31_000)], [false, true]);
  trouble.met(failed('EIO'), 31_000);
  trouble.over();
  assert.deepEqual([trouble.says, trouble.mayTry(31_001)], [undefined, true]);
});

test('trouble: a disk that is nearly full is said, and keeps nobody from trying', () => {
  const trouble = new Trouble('/cache');
  trouble.nearlyFull();
  assert.match(trouble.says ?? '', /nearly full: make room there/);
  assert.equal(trouble.mayTry(0), true);
});
