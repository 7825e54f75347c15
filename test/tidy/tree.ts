/**
 * What the tidy rules look at: the repository's source as a map from path to text, so that a rule is a pure
 * function and its own test can hand it a map with an offence planted.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Paths from the root of the repository, with forward slashes. */
export type Tree = ReadonlyMap<string, string>

export interface Offence {
  readonly path: string
  readonly line: number | undefined
  readonly what: string
  readonly why: string
}

export const root = fileURLToPath(new URL('../../', import.meta.url))

const SOURCE = /\.(ts|tsx|mts)$|^bin\/[^/]+\.js$/

/** All source below these folders, as it lies on the disk. */
export const readTree = (folders: readonly string[] = ['src', 'test', 'bench/src', 'bin']): Tree =>
  new Map(
    folders
      .flatMap(folder => filesBelow(folder))
      .filter(path => SOURCE.test(path))
      .map(path => [path, readFileSync(join(root, path), 'utf8')]),
  )

const filesBelow = (folder: string): readonly string[] => {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
  } catch {
    return []
  }
}

export const treeOf = (files: Record<string, string>): Tree => new Map(Object.entries(files))

const parsed = new Map<string, ts.SourceFile>()

/** The syntax of a file. Parsed once, however many rules ask. */
export const syntaxOf = (path: string, text: string): ts.SourceFile => {
  const known = parsed.get(path)
  if (known?.text === text) return known
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  parsed.set(path, file)
  return file
}

export const lineOf = (node: ts.Node): number =>
  node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1

const walked = new WeakMap<ts.SourceFile, readonly ts.Node[]>()

/** Every node of a file, parents first. Walked once, like the parsing. */
export const nodesOf = (file: ts.SourceFile): readonly ts.Node[] => {
  const known = walked.get(file)
  if (known) return known
  const nodes: ts.Node[] = []
  const walk = (node: ts.Node): void => {
    nodes.push(node)
    node.forEachChild(walk)
  }
  walk(file)
  walked.set(file, nodes)
  return nodes
}

/** The path in the tree that a relative import means; undefined for a library. */
export const importedPath = (from: string, specifier: string): string | undefined => {
  if (!specifier.startsWith('.')) return undefined
  const path = normalize(join(dirname(from), specifier)).replaceAll('\\', '/')
  return path.startsWith('dist/') ? path.replace(/^dist/, 'src').replace(/\.js$/, '.ts') : path
}

export interface Import {
  readonly specifier: string
  readonly line: number
  readonly typeOnly: boolean
  readonly node: ts.Node
}

/** Everything that a file names as a module: static, dynamic, re-exported and in types. */
export const importsOf = (path: string, text: string): readonly Import[] => {
  const found: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, line: lineOf(node), typeOnly, node })
    }
  }
  for (const node of nodesOf(syntaxOf(path, text))) {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.isTypeOnly ?? false)
    if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node, node.argument.literal, true)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false)
    }
  }
  return found
}

/** Offences as a person reads them: one a line, with the reason. Empty when there are none. */
export const report = (offences: readonly Offence[]): string =>
  offences
    .map(({ path, line, what, why }) => `${path}${line ? `:${line}` : ''} ${what}\n    ${why}`)
    .join('\n')
