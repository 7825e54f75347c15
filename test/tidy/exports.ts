/**
 * No export without a user. A test may look inside what its own file uses, such as a limit; what only tests use is
 * unused: either the program needs it, or it goes. The promise to plugin authors, the test kit and the commands
 * are entry points; a type that its own file speaks of belongs to the promise of that file.
 */
import ts from 'typescript'
import { importedPath, lineOf, nodesOf, type Offence, syntaxOf, type Tree } from './tree.ts'

/** Exports that stay although nobody imports them: `path#name` -> why. */
export type Allowances = ReadonlyMap<string, string>

const ENTRY = /^src\/(kernel\/(api|testing)\/|commands\/|client\/index\.ts$)/

interface Exported {
  readonly name: string
  readonly line: number
  readonly isType: boolean
}

/** From one file into another: these names, or all of them. */
interface Use {
  readonly to: string
  readonly names: readonly string[] | 'all'
}

const EVERYTHING = 'all'

export const judgeExports = (tree: Tree, allowed: Allowances = new Map()): readonly Offence[] => {
  const sources = new Map([...tree].filter(([path]) => !path.startsWith('test/')))
  const used = usersOf(sources, tree)
  const tested = usersOf(new Map([...tree].filter(([path]) => path.startsWith('test/'))), tree)
  const unused = [...sources]
    .filter(([path]) => path.startsWith('src/') && !ENTRY.test(path))
    .flatMap(([path, text]) => {
      const names = used.get(path)
      if (names?.has(EVERYTHING)) return []
      return exportsOf(path, text)
        .filter(({ name }) => !names?.has(name))
        .filter(({ name, isType }) => {
          const mayBeAlive = isType || tested.get(path)?.has(name) === true
          return !(mayBeAlive && mentions(path, text, name) > 1)
        })
        .map(({ name, line }) => ({ path, line, name }))
    })
  const why = 'nothing of the program imports it: take the export away, or the thing itself'
  return [
    ...unused
      .filter(({ path, name }) => !allowed.has(`${path}#${name}`))
      .map(({ path, line, name }) => ({ path, line, what: `exports ${name}`, why })),
    ...staleAllowances(allowed, new Set(unused.map(({ path, name }) => `${path}#${name}`))),
  ]
}

/** What these files import, by the file that exports it. */
const usersOf = (users: Tree, tree: Tree): ReadonlyMap<string, ReadonlySet<string>> => {
  const used = new Map<string, Set<string>>()
  const mark = ({ to, names }: Use): void => {
    const marked = used.get(to) ?? new Set<string>()
    used.set(to, marked)
    for (const name of names === EVERYTHING ? [EVERYTHING] : names) {
      if (marked.has(name)) continue
      marked.add(name)
      for (const onward of starsOf(to, tree)) mark({ to: onward, names: [name] })
    }
  }
  for (const [path, text] of users) for (const use of usesOf(path, text)) mark(use)
  return used
}

const staleAllowances = (allowed: Allowances, unused: ReadonlySet<string>): readonly Offence[] =>
  [...allowed.keys()]
    .filter(key => !unused.has(key))
    .map(key => ({
      path: key,
      line: undefined,
      what: 'needs no allowance any more',
      why: 'take it off the list',
    }))

const usesOf = (path: string, text: string): readonly Use[] =>
  nodesOf(syntaxOf(path, text)).flatMap(node => {
    const specifier = specifierOf(node)
    const to = specifier === undefined ? undefined : importedPath(path, specifier)
    const isStar = ts.isExportDeclaration(node) && !node.exportClause
    if (to === undefined || (isStar && !ENTRY.test(path))) return []
    return [{ to, names: namesOf(node) }]
  })

const specifierOf = (node: ts.Node): string | undefined => {
  const literal =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined
  return literal && ts.isStringLiteralLike(literal) ? literal.text : undefined
}

const namesOf = (node: ts.Node): Use['names'] => {
  const original = (element: ts.ImportSpecifier | ts.ExportSpecifier): string =>
    (element.propertyName ?? element.name).text
  if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)) {
    return node.exportClause.elements.map(original)
  }
  if (!ts.isImportDeclaration(node) || !node.importClause) return EVERYTHING
  const { name, namedBindings } = node.importClause
  if (namedBindings && ts.isNamespaceImport(namedBindings)) return EVERYTHING
  return [...(name ? ['default'] : []), ...(namedBindings?.elements.map(original) ?? [])]
}

/** Files whose exports this file hands on whole. */
const starsOf = (path: string, tree: Tree): readonly string[] =>
  (syntaxOf(path, tree.get(path) ?? '').statements ?? [])
    .filter(ts.isExportDeclaration)
    .filter(({ exportClause }) => !exportClause)
    .map(node => importedPath(path, specifierOf(node) ?? ''))
    .filter(to => to !== undefined)

const exportsOf = (path: string, text: string): readonly Exported[] =>
  syntaxOf(path, text).statements.flatMap(statement => {
    const line = lineOf(statement)
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement
      if (!exportClause || !ts.isNamedExports(exportClause)) return []
      return exportClause.elements.map(({ name }) => ({ name: name.text, line, isType: false }))
    }
    if (ts.isExportAssignment(statement)) return [{ name: 'default', line, isType }]
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
    const has = (kind: ts.SyntaxKind): boolean => modifiers.some(modifier => modifier.kind === kind)
    if (!has(ts.SyntaxKind.ExportKeyword)) return []
    if (has(ts.SyntaxKind.DefaultKeyword)) return [{ name: 'default', line, isType }]
    return declaredNames(statement).map(name => ({ name, line, isType }))
  })

const declaredNames = (statement: ts.Statement): readonly string[] => {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  const { name } = statement as { name?: ts.Node }
  return name ? [name.getText()] : []
}

const mentions = (path: string, text: string, name: string): number =>
  nodesOf(syntaxOf(path, text)).filter(node => ts.isIdentifier(node) && node.text === name).length
