import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showBytes } from '../../src/core/units.ts';
import { type LogLine, parseLogLine } from './follow.ts';
import { Story, stageOfFile } from './story.ts';

const MAC = '52:54:00:de:00:01';

const line = (service: string, event: string, fields: Readonly<Record<string, unknown>>): LogLine => ({
  atMs: 1000,
  service,
  event,
  fields,
});
const offer = line('dhcp', 'offer', {
  mac: MAC,
  ip: '172.16.1.7',
  stage: 'pxe',
  arch: 0,
  fnode: 'fnode00',
  file: 'lpxelinux.0',
});
const ack = line('dhcp', 'ack', { mac: MAC, ip: '172.16.1.7', stage: 'pxe', arch: 0 });
const sent = (ip: string, file: string) => line('tftp', 'sent', { ip, file, bytes: 94_600, tookMs: 130 });

test('story: a machine asks and is offered once, however often its firmware repeats itself', () => {
  const story = new Story();
  assert.deepEqual(
    story.flink(offer).map(({ name, text }) => `${name}: ${text}`),
    [
      'asked: for an address and what to boot: PXE, architecture 0',
      'offered: 172.16.1.7, to boot lpxelinux.0 from fnode00',
    ],
  );
  assert.deepEqual(story.flink(offer), []);
});

test('story: a transfer belongs to the machine that has the address', () => {
  const story = new Story();
  assert.deepEqual(story.fnode('fnode00', sent('172.16.1.7', '/boot/lpxelinux.0')), [], 'nobody has it yet');
  story.flink(ack);
  assert.deepEqual(story.fnode('fnode00', sent('172.16.1.7', '/boot/lpxelinux.0')), [
    { mac: MAC, atMs: 1000, name: 'loader', text: `lpxelinux.0 from fnode00 by TFTP, ${showBytes(94_600)} in 0.1 s` },
  ]);
  assert.deepEqual(story.fnode('fnode00', sent('172.16.1.7', '/boot/lpxelinux.0')), [], 'the same again');
  assert.deepEqual(story.fnode('fnode00', sent('172.16.1.8', '/boot/lpxelinux.0')), [], 'somebody else');
});

const files = [
  { file: '/boot/lpxelinux.0', want: 'loader' },
  { file: '/boot/shimx64.efi', want: 'loader' },
  { file: '/boot/ldlinux.c32', want: undefined },
  { file: '/grub/x86_64-efi/command.lst', want: undefined },
  { file: '/boot/pxelinux.cfg/01-52-54-00-de-00-01', want: 'menu' },
  { file: '/grub/grub.cfg', want: 'menu' },
  { file: '/grub/grub.cfg-01-52:54:00:de:00:02', want: 'menu' },
  { file: '/boot/boot.ipxe', want: 'menu' },
  { file: '/isos/debian-12/linux', want: 'kernel' },
  { file: '/isos/debian-12/initrd.gz', want: 'initrd' },
] as const;
for (const { file, want } of files) {
  test(`story: ${file} is ${want ?? 'no step of its own'}`, () => assert.equal(stageOfFile(file), want));
}

test('log line: JSON of our servers is read, anything else is not one', () => {
  const text = '{"at":"2026-01-01T00:00:01.000Z","service":"tftp","event":"sent","level":"info","ip":"172.16.1.7"}';
  assert.deepEqual(parseLogLine(text), {
    atMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    service: 'tftp',
    event: 'sent',
    level: 'info',
    fields: { ip: '172.16.1.7' },
  });
  assert.equal(parseLogLine('{"at":'), undefined);
  assert.equal(parseLogLine('Error: a stack'), undefined);
});
