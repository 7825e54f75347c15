/**
 * The shape of files: how long they and their functions are, what they and their folders are called, how they
 * open, that they cite what a clone holds, and that no test is left out.
 */
import ts from 'typescript'
import { lineOf, nodesOf, type Offence, syntaxOf, type Tree } from './tree.ts'

const FILE_MAX_LINES = 400
const FILE_LONG_LINES = 300
const FUNCTION_MAX_LINES = 60
const OPENING_MIN_CHARS = 20

const linesOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

const all = (tree: Tree, judge: (path: string, text: string) => readonly Omit<Offence, 'path'>[]) =>
  [...tree].flatMap(([path, text]) => judge(path, text).map(offence => ({ path, ...offence })))

const ours = (tree: Tree): Tree => new Map([...tree].filter(([path]) => /^(src|test)\//.test(path)))

export const judgeFileSizes = (tree: Tree): readonly Offence[] =>
  all(ours(tree), (_, text) => {
    const lines = linesOf(text)
    if (lines <= FILE_MAX_LINES) return []
    const why = `a file of more than ${FILE_MAX_LINES} lines is two files`
    return [{ line: undefined, what: `has ${lines} lines`, why }]
  })

/** Files that are allowed and should be thought about. */
export const longFiles = (tree: Tree): readonly string[] =>
  [...ours(tree)]
    .map(([path, text]) => [path, linesOf(text)] as const)
    .filter(([, lines]) => lines > FILE_LONG_LINES)
    .map(([path, lines]) => `${path} ${lines}`)

export const judgeFunctionSizes = (tree: Tree): readonly Offence[] =>
  all(ours(tree), (path, text) =>
    nodesOf(syntaxOf(path, text)).flatMap(node => {
      if (!ts.isFunctionLike(node) || isChapter(node)) return []
      const lines = linesOf(node.getText())
      const why = `a function fits a screen: at most ${FUNCTION_MAX_LINES} lines`
      return lines > FUNCTION_MAX_LINES
        ? [{ line: lineOf(node), what: `${nameOf(node)} has ${lines} lines`, why }]
        : []
    }),
  )

/** The callback of a `describe` is a chapter of a file rather than a function. */
const isChapter = (node: ts.Node): boolean =>
  ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText())

const nameOf = (node: ts.SignatureDeclaration): string => {
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined)
  return named?.getText() ?? 'a function'
}

const KEBAB_FILE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config|d|snippet))?\.(ts|tsx|mts|js)$/
const KEBAB_FOLDER = /^[a-z0-9]+(-[a-z0-9]+)*$/
const NO_NOUNS = ['common', 'util', 'utils', 'helper', 'helpers', 'misc', 'shared', 'lib', 'manager', 'impl']

export const judgeNames = (tree: Tree): readonly Offence[] =>
  all(tree, path => {
    const folders = path.split('/')
    const file = folders.pop() ?? ''
    const words = [...folders, ...file.replace(/\..*$/, '').split('-')]
    const empty = words.find(word => NO_NOUNS.includes(word))
    const crooked = KEBAB_FILE.test(file) ? folders.find(folder => !KEBAB_FOLDER.test(folder)) : file
    return [
      ...(empty ? [{ line: undefined, what: `is called ${empty}`, why: 'a name says what is inside' }] : []),
      ...(crooked
        ? [{ line: undefined, what: `has ${crooked}`, why: 'names are lower-case with hyphens' }]
        : []),
    ]
  })

export const judgeOpenings = (tree: Tree): readonly Offence[] =>
  all(ours(tree), (_, text) => {
    const opening = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
    if (opening.replace(/[\s*]+/g, ' ').trim().length >= OPENING_MIN_CHARS) return []
    const why = 'a file opens with a few sentences on what it is for and why it exists'
    return [{ line: 1, what: 'opens without a comment', why }]
  })

export const judgeLeftOut = (tree: Tree): readonly Offence[] =>
  all(new Map([...tree].filter(([path]) => path.startsWith('test/'))), (path, text) =>
    nodesOf(syntaxOf(path, text)).flatMap(node =>
      ts.isPropertyAccessExpression(node) &&
      /^(it|test|describe)\.(skip|only|todo|fails)$/.test(node.getText())
        ? [
            {
              line: lineOf(node),
              what: `uses ${node.getText()}`,
              why: 'a test that does not run shows nothing',
            },
          ]
        : [],
    ),
  )

/** Papers of the time before the specifications, which no clone has: `FORMATS` with a number, `DESIGN` with one. */
const FOREIGN_PAPER = /\b(FORMATS|DESIGN)(\.md)? ?§? ?\d/

export const judgeCitations = (tree: Tree): readonly Offence[] =>
  all(tree, (_, text) =>
    text.split('\n').flatMap((line, at) => {
      const what = FOREIGN_PAPER.exec(line)?.[0]
      return what === undefined
        ? []
        : [{ line: at + 1, what: `cites ${what}`, why: 'a clone does not hold it' }]
    }),
  )
