import { clean, type Page, paint, wrap } from '../reporters/text.ts'

/** A README's Markdown as plain text for a terminal. Knows what the protections' READMEs use: paragraphs, lists, tables, fences. */
export function toPlain(markdown: string, page: Page, indent = 2): string {
  const pad = ' '.repeat(indent)
  const room = page.width - indent
  const out: string[] = []
  // A paragraph or one item of a list: it goes on until a blank line or another kind of line.
  let block: { readonly sign: string; readonly lines: string[] } | undefined
  const flush = (): void => {
    if (block) {
      const { sign, lines } = block
      const hang = ' '.repeat(sign.length)
      const wrapped = wrap(inline(lines.join(' ')), room - hang.length)
      out.push(...wrapped.map((line, index) => pad + (index === 0 ? sign : hang) + line))
    }
    block = undefined
  }
  let columns: readonly string[] | undefined
  let fenced = false
  for (const line of clean(markdown).split('\n')) {
    if (/^\s*(```|~~~)/.test(line)) {
      flush()
      fenced = !fenced
    } else if (fenced) {
      out.push(`${pad}  ${line}`.trimEnd())
    } else if (line.trim() === '') {
      flush()
      columns = undefined
      if (out.length > 0 && out.at(-1) !== '') out.push('')
    } else if (/^\s*\|/.test(line)) {
      flush()
      const cells = cellsOf(line)
      if (columns === undefined) columns = cells
      else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) out.push(...row(cells, columns, pad, page))
    } else if (/^\s*([-*]|\d+\.)\s/.test(line)) {
      flush()
      const [, sign = '-', text = ''] = /^\s*([-*]|\d+\.)\s+(.*)$/.exec(line) ?? []
      block = { sign: `${sign} `, lines: [text] }
    } else if (/^#{2,}\s/.test(line)) {
      flush()
      out.push(pad + paint(inline(line.replace(/^#+\s+/, '')), 'bold', page))
    } else if (block) block.lines.push(line.trim())
    else block = { sign: '', lines: [line.trim()] }
  }
  flush()
  return out.join('\n').trimEnd()
}

/** Emphasis and links say nothing in a terminal; code keeps its marks. */
export function inline(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith('`')
        ? part
        : part
            .replace(/\[([^\]]+)\]\((https?:[^)]+)\)/g, '$1 ($2)')
            .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
            .replace(/\*\*([^*]+)\*\*/g, '$1')
            .replace(/(^|\W)[*_]([^*_]+)[*_](?=\W|$)/g, '$1$2'),
    )
    .join('')
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** A table is too wide for 80 columns, so each row becomes a term with its explanation below. */
function row(cells: readonly string[], columns: readonly string[], pad: string, page: Page): string[] {
  const [term = '', ...rest] = cells
  const lines = [pad + paint(inline(term), 'bold', page)]
  rest.forEach((cell, index) => {
    if (cell === '') return
    const label = index === rest.length - 1 ? '' : `${columns[index + 1] ?? ''}: `
    lines.push(...wrap(label + inline(cell), page.width - pad.length - 4).map((line) => `${pad}    ${line}`))
  })
  return lines
}
