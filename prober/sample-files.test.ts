import { expect, test } from 'vitest'
import { readPage } from './forms.ts'
import { sampleFiles } from './sample-files.ts'

test.each([
  ['', 'me.png', '\x89PNG'],
  ['image/*', 'me.png', '\x89PNG'],
  ['.jpg, .PNG', 'me.png', '\x89PNG'],
  ['text/csv', 'list.csv', 'a,b'],
  ['.pdf', 'page.pdf', '%PDF-'],
  ['text/plain', 'notes.txt', 'some words'],
])('a field that accepts "%s" gets %s', (accept, name, begin) => {
  const { file } = sampleFiles({ file: accept })
  expect([file?.name, file?.content.startsWith(begin)]).toEqual([name, true])
})

test('file fields are those of the page that would be sent', () => {
  const { forms } = readPage(
    '<form method=post enctype=multipart/form-data><input type=file name=a accept=".pdf"><input type=file><input type=file name=b disabled></form>',
  )
  expect(forms[0]?.files).toEqual({ a: '.pdf' })
})
