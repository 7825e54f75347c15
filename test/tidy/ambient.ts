/**
 * No time, chance or environment but what is handed in: the simulator owns them, and one call past it makes a
 * failing seed unrepeatable.
 */
import ts from 'typescript'
import { importsOf, lineOf, nodesOf, type Offence, syntaxOf, type Tree } from './tree.ts'

/** The doors to the real world, programs that are one themselves, and mere descriptions of libraries. */
const ALLOWED =
  /^src\/types\/|^src\/kernel\/(clock|random)\.ts$|^src\/(.+[-/])?shell\.ts$|^src\/commands\/|^bin\//

/** The world lets promises settle between two moments of virtual time: that waits, and tells no time. */
const MAY_YIELD = /^src\/kernel\/testing\//

const WHY =
  'clock, chance and environment are injected (Clock, Random); only clock.ts, random.ts, shells and commands ask'

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate']
const MEMBERS = new Set([
  ...['Date.now', 'Math.random', 'performance.now', 'performance.timeOrigin'],
  ...['process.env', 'process.argv', 'process.cwd', 'process.hrtime', 'process.uptime', 'process.exit'],
  ...[
    'crypto.getRandomValues',
    'crypto.randomUUID',
    'crypto.randomBytes',
    'crypto.randomInt',
    'crypto.subtle',
  ],
  ...['globalThis.performance', 'globalThis.crypto', 'globalThis.Date', 'globalThis.process'],
  ...TIMERS.map(timer => `globalThis.${timer}`),
])
const MODULES = /^(node:)?(timers|timers\/promises|perf_hooks)$/
/** libsodium takes its own chance in these. */
const SODIUM_CHANCE = /^randombytes_|^crypto_\w*_keygen$|^crypto_(?!\w*seed_)\w*keypair$/

export const judgeAmbient = (tree: Tree): readonly Offence[] =>
  [...tree]
    .filter(([path]) => path.startsWith('src/') && !ALLOWED.test(path))
    .flatMap(([path, text]) => {
      const fromModules = importsOf(path, text).flatMap(({ specifier, line, node }) =>
        faultsOfImport(specifier, node).map(what => ({ path, line, what, why: WHY })),
      )
      const inCode = nodesOf(syntaxOf(path, text)).flatMap(node =>
        faultsOfNode(node)
          .filter(fault => !(MAY_YIELD.test(path) && fault === 'uses setImmediate'))
          .map(what => ({ path, line: lineOf(node), what, why: WHY })),
      )
      return [...fromModules, ...inCode]
    })

const faultsOfImport = (specifier: string, node: ts.Node): readonly string[] => {
  if (MODULES.test(specifier)) return [`imports ${specifier}`]
  if (!/^(node:)?crypto$/.test(specifier) || !ts.isImportDeclaration(node)) return []
  const bindings = node.importClause?.namedBindings
  if (!bindings || !ts.isNamedImports(bindings)) return [`imports all of ${specifier}, chance included`]
  const names = bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
  return names
    .filter(name => /^(random|generate|getRandom|webcrypto)/.test(name))
    .map(name => `imports ${name}`)
}

const faultsOfNode = (node: ts.Node): readonly string[] => {
  const member = memberOf(node)
  if (member !== undefined && MEMBERS.has(member)) return [`uses ${member}`]
  if (ts.isNewExpression(node) && isName(node.expression, 'Date') && (node.arguments?.length ?? 0) === 0) {
    return ['uses new Date() without a time']
  }
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer) {
    const from = node.initializer.getText()
    const taken = node.name.elements.map(
      ({ name, propertyName }) => `${from}.${(propertyName ?? name).getText()}`,
    )
    return taken.filter(name => MEMBERS.has(name)).map(name => `takes ${name}`)
  }
  if (!ts.isIdentifier(node)) return []
  if (SODIUM_CHANCE.test(node.text)) return [`uses ${node.text}`]
  return TIMERS.includes(node.text) && isReference(node) ? [`uses ${node.text}`] : []
}

const isName = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name

/** `a.b` or `a['b']` as text; undefined for anything else. */
const memberOf = (node: ts.Node): string | undefined => {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    return `${node.expression.text}.${node.name.text}`
  }
  if (ts.isElementAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const key = node.argumentExpression
    return ts.isStringLiteralLike(key) ? `${node.expression.text}.${key.text}` : undefined
  }
  return undefined
}

/** Not the name of a property or of something declared here. */
const isReference = (node: ts.Identifier): boolean => {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  return !ts.isImportSpecifier(parent) && (parent as { name?: ts.Node }).name !== node
}
