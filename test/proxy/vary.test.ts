/** RFC 9111 §4.1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../src/proxy/fields.ts';
import { selected, variesOf } from '../../src/proxy/vary.ts';
import { kept, ok, request } from './onecache.ts';

const forms: readonly {
  readonly name: string;
  readonly vary: Fields;
  readonly wants: Fields;
  readonly want: Fields | undefined;
}[] = [
  { name: 'no Vary', vary: [], wants: ['Foo', '1'], want: [] },
  { name: 'empty', vary: ['Vary', ''], wants: ['Foo', '1'], want: [] },
  { name: 'one field', vary: ['Vary', 'Foo'], wants: ['Foo', '1', 'Other', '2'], want: ['foo', '1'] },
  {
    name: 'names in any case and order, sorted',
    vary: ['Vary', 'foo, BAR', 'Vary', 'Foo'],
    wants: ['fOO', '1', 'bar', '2'],
    want: ['bar', '2', 'foo', '1'],
  },
  { name: 'an absent one has no line', vary: ['Vary', 'Foo, Bar'], wants: ['Foo', '1'], want: ['foo', '1'] },
  { name: 'an empty one has', vary: ['Vary', 'Foo'], wants: ['Foo', ''], want: ['foo', ''] },
  {
    name: 'white space around commas means nothing',
    vary: ['Vary', 'Foo'],
    wants: ['Foo', ' 1 ,  2 '],
    want: ['foo', '1,2'],
  },
  { name: 'lines are joined', vary: ['Vary', 'Foo'], wants: ['Foo', '1', 'Foo', '2'], want: ['foo', '1,2'] },
  {
    name: 'of what nobody knows order and case mean something',
    vary: ['Vary', 'Foo'],
    wants: ['Foo', 'b, A'],
    want: ['foo', 'b,A'],
  },
  {
    name: 'of languages neither does',
    vary: ['Vary', 'Accept-Language'],
    wants: ['Accept-Language', 'eN; q=0.5 ,  De'],
    want: ['accept-language', 'de,en;q=0.5'],
  },
  {
    name: 'nor of encodings',
    vary: ['Vary', 'Accept-Encoding'],
    wants: ['Accept-Encoding', 'gzip, BR'],
    want: ['accept-encoding', 'br,gzip'],
  },
  { name: '*', vary: ['Vary', '*'], wants: [], want: undefined },
  { name: '* in a list', vary: ['Vary', 'Foo, *'], wants: [], want: undefined },
  { name: '* on another line', vary: ['Vary', '', 'Vary', '*'], wants: [], want: undefined },
  { name: '* behind an empty element', vary: ['Vary', ', *'], wants: [], want: undefined },
  {
    name: 'what Connection names the origin does not see',
    vary: ['Vary', 'Foo'],
    wants: ['Connection', 'foo', 'Foo', '1'],
    want: [],
  },
  {
    name: 'more names than anybody needs',
    vary: ['Vary', Array.from({ length: 33 }, (_, i) => `x${i}`).join()],
    wants: [],
    want: undefined,
  },
  {
    name: 'values too long to be kept',
    vary: ['Vary', 'Cookie'],
    wants: ['Cookie', 'x'.repeat(4097)],
    want: undefined,
  },
];
for (const { name, vary, wants, want } of forms) {
  test(`variesOf: ${name}`, () => assert.deepEqual(variesOf(request(wants), ok(...vary)), want));
}

const byFoo = (id: number, ...varies: Fields) => kept(ok('Vary', 'Foo'), { id, varies });
const inGerman = kept(ok('Vary', 'Accept-Language', 'Content-Language', 'De'), {
  id: 7,
  varies: ['accept-language', 'de,en'],
});
const choices: readonly {
  readonly name: string;
  readonly entries: ReturnType<typeof byFoo>[];
  readonly wants: Fields;
  readonly want: number | undefined;
}[] = [
  { name: 'nothing kept', entries: [], wants: [], want: undefined },
  { name: 'the same', entries: [byFoo(2, 'foo', '2'), byFoo(1, 'foo', '1')], wants: ['Foo', '1'], want: 1 },
  { name: 'another', entries: [byFoo(2, 'foo', '2')], wants: ['Foo', '1'], want: undefined },
  { name: 'absent now', entries: [byFoo(2, 'foo', '2')], wants: [], want: undefined },
  { name: 'absent then', entries: [byFoo(2)], wants: ['Foo', '1'], want: undefined },
  { name: 'absent both times', entries: [byFoo(2)], wants: ['Bar', '1'], want: 2 },
  { name: 'empty is not absent', entries: [byFoo(2)], wants: ['Foo', ''], want: undefined },
  {
    name: 'each by its own Vary, the latest first',
    entries: [kept(ok(), { id: 3 }), byFoo(1, 'foo', '1')],
    wants: ['Foo', '1'],
    want: 3,
  },
  {
    name: 'a Vary that a 304 brought names what is not known of it',
    entries: [kept(ok('Vary', 'Foo'))],
    wants: ['Foo', '1'],
    want: undefined,
  },
  {
    name: 'the language that is wanted most',
    entries: [inGerman],
    wants: ['Accept-Language', 'fr; q=0.5, DE; q=1.0'],
    want: 7,
  },
  {
    name: 'a language that is wanted less',
    entries: [inGerman],
    wants: ['Accept-Language', 'fr, de;q=0.9'],
    want: undefined,
  },
  {
    name: 'a language that another is as good as',
    entries: [inGerman],
    wants: ['Accept-Language', 'fr, de'],
    want: undefined,
  },
  {
    name: 'a language that is part of another',
    entries: [inGerman],
    wants: ['Accept-Language', 'de-AT, fr;q=0.1'],
    want: undefined,
  },
  {
    name: 'a language, of what does not vary by it',
    entries: [kept(inGerman.head, { id: 7 })],
    wants: ['Accept-Language', 'de'],
    want: undefined,
  },
  {
    name: 'a language among other things',
    entries: [{ ...inGerman, head: ok('Vary', 'Accept-Language, Foo', 'Content-Language', 'de') }],
    ...{ wants: ['Accept-Language', 'de', 'Foo', '1'], want: undefined },
  },
];
for (const { name, entries, wants, want } of choices) {
  test(`selected: ${name}`, () => assert.equal(selected(request(wants), entries)?.id, want));
}
