import { describe, expect, test } from 'vitest'
import { readPage } from './forms.ts'
import { decodeEntities, tagsOf } from './html.ts'

describe('tags', () => {
  const names = (html: string): string[] => [...tagsOf(html)].map((tag) => tag.name)
  const attributes = (html: string): object => Object.fromEntries([...tagsOf(html)][0]?.attributes ?? [])

  test('have attributes with double, single and no quotes, or no value', () => {
    expect(attributes(`<a HREF="/a" b='c d' e=f/g h i = "j" href=/no>`)).toEqual({
      href: '/a',
      b: 'c d',
      e: 'f/g',
      h: '',
      i: 'j',
    })
    expect(attributes('<input/name=a/value=b>')).toEqual({ name: 'a/value=b' })
    expect(attributes('<a title="x > y" href=/z>')).toEqual({ title: 'x > y', href: '/z' })
    expect(attributes('<a href=/?a=1&amp;b=&#x2f;&#47;&copy;>')).toEqual({ href: '/?a=1&b=//&copy;' })
  })

  test('are not found in comments, scripts and text fields', () => {
    expect(names('<!-- <a> --><b><script>if (a<b) "<i>"</script><textarea><u></textarea><p')).toEqual([
      ...['b', 'script', '/script', 'textarea', '/textarea', 'p'],
    ])
    expect(names('a < b <3 <')).toEqual([])
    expect(names('<!doctype html><title><x></title><!-- open <a>')).toEqual(['title', '/title'])
  })

  test('are read in time that grows with the length only', () => {
    for (const piece of [
      '<a ',
      '<a b="',
      '<!--',
      '<',
      '<script>',
      '<a =',
      '&#x',
      '<a b=\'"',
      '</textarea',
      '<textarea>',
    ]) {
      // Taking the square of this length would take longer than a test may.
      expect([...tagsOf(piece.repeat(200_000))].length).toBeLessThanOrEqual(400_000)
    }
  })
})

test('entities are decoded, unknown and impossible ones are left or replaced', () => {
  expect(decodeEntities('&lt;&GT;&quot;&#39;&#x27;&amp;amp;&nbsp;')).toBe("<>\"''&amp;\u00a0")
  expect(decodeEntities('&constructor;&x')).toBe('&constructor;&x')
  expect(decodeEntities('&#x110000;')).toBe('\ufffd')
})

describe('a page', () => {
  test('has links, frames and a base', () => {
    const page = readPage(
      '<base href=/app/><a href="a">x</a><area href=b><a name=c></a><iframe src="d"></iframe><img src=e>',
    )
    expect(page.base).toBe('/app/')
    expect(page.links.map((link) => link.to)).toEqual(['a', 'b', 'd'])
  })

  test('has the words of links and buttons, however deep they stand', () => {
    const page = readPage(
      '<a href=a><i class=x></i><b>Sign</b> out</a> other <form><p>Words</p><button><svg></svg><span>Delete</span></button> more</form>',
    )
    expect(page.links).toEqual([{ to: 'a', text: 'Sign out' }])
    expect(page.forms[0]?.about).toMatch(/Delete$/)
    expect(page.forms[0]?.about).not.toMatch(/Words|more/)
  })

  test('has forms with the values that a browser would send', () => {
    const [form] = readPage(`<form method="Post" action="/x" id=new enctype="text/plain">
      <input type=hidden name=_csrf value="a&quot;b"><input name=plain value=kept><input type=checkbox name=agree>
      <input type=radio name=size value=s><input type=radio name=size value=m checked><input type=radio name=size value=l>
      <select name=colour><option value="">choose</option><option>red</option><option value=2>blue</option></select>
      <select name=many><option>one<option selected>two</select><textarea name=note>  </textarea><textarea name=old>text &lt;b></textarea>
      <input type=file name=file><input type=submit name=go value=Save><input name=off disabled><input value=nameless>
      <button name=b value=c>Send it</button></form><input name=outside>`).forms
    expect(form).toEqual({
      method: 'POST',
      action: '/x',
      encoding: 'text/plain',
      passwords: [],
      files: { file: '' },
      takesText: true,
      inButton: false,
      hidden: { _csrf: 'a"b' },
      about: expect.stringMatching(/^new .*go Save b c Send it$/),
      fields: {
        _csrf: 'a"b',
        plain: 'kept',
        agree: 'on',
        size: 'm',
        colour: 'red',
        many: 'two',
        note: 'some words',
        old: 'text <b>',
      },
    })
  })

  test('has forms filled in by type and name', () => {
    const field = (html: string): string | undefined => readPage(`<form>${html}</form>`).forms[0]?.fields['f']
    expect(field('<input name=f type=email>')).toContain('@')
    expect(field('<input name=f type=number min=5>')).toBe('5')
    expect(field('<input name=f type=url>')).toMatch(/^https:/)
    expect(field('<input name=f type=date>')).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(field('<input name=f maxlength=3>')).toBe('sam')
    expect(field('<input name=f>')).toBe('sample')
    const fields = readPage('<form><input name=userEmail><input name=user_id><input name=pw type=password></form>')
      .forms[0]
    expect(fields?.fields['userEmail']).toContain('@')
    expect(fields?.fields['user_id']).toBe('1')
    expect(fields?.passwords).toEqual(['pw'])
  })
})
