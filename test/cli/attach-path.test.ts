/**
 * What a command loads when a node is running already: the parser of the command line and JSON-RPC, and nothing
 * that only a node needs. Followed by its static imports, so that it fails where a lazy one became eager.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { ROOT } from './program.ts'

/** What stands behind `import` and `export … from` and is there when the program runs. */
const importedBy = (file: string): readonly string[] =>
  ts
    .createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022)
    .statements.flatMap(statement => {
      const isErased =
        (ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly === true) ||
        (ts.isExportDeclaration(statement) && statement.isTypeOnly)
      if (isErased || !(ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))) return []
      const { moduleSpecifier } = statement
      return moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier)
        ? [moduleSpecifier.text]
        : []
    })

const librariesFrom = (
  file: string,
  seen = new Set<string>(),
  libraries = new Set<string>(),
): Set<string> => {
  if (seen.has(file)) return libraries
  seen.add(file)
  for (const wanted of importedBy(file)) {
    if (wanted.startsWith('.')) librariesFrom(join(dirname(file), wanted), seen, libraries)
    else if (!wanted.startsWith('node:')) libraries.add(wanted)
  }
  return libraries
}

test.each(['send', 'chat', 'history', 'status', 'contact/add', 'log/verify', 'up', 'init', 'dc/serve'])(
  'ntm %s loads no node before it needs one',
  command => {
    const libraries = librariesFrom(join(ROOT, 'src', 'commands', `${command}.ts`))
    expect([...libraries].sort()).toEqual(['@oclif/core', 'vscode-jsonrpc/node'])
  },
)

test('a node needs more', () => {
  const libraries = librariesFrom(join(ROOT, 'src', 'kernel', 'node', 'node-shell.ts'))
  expect([...libraries]).toEqual(expect.arrayContaining(['rxjs', 'level', 'zod']))
})
