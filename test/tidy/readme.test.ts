/** The README's plugin is code that compiles against the published API, so that nobody's first try fails. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url).pathname
const BLOCK = /```js\n([\s\S]*?)```/g

/** Type errors of a piece of code that stands in the repository's root, with the package by its own name. */
const errorsIn = (code: string): readonly string[] => {
  const file = `${ROOT}readme-example.ts`
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${ROOT}tsconfig.json`, ts.sys.readFile).config,
    ts.sys,
    ROOT,
  )
  const settings = {
    ...options,
    incremental: false,
    paths: { 'ntm-chat': [`${ROOT}src/kernel/api/index.ts`] },
  }
  const host = ts.createCompilerHost(settings)
  const { getSourceFile, fileExists } = host
  host.fileExists = path => path === file || fileExists(path)
  host.getSourceFile = (path, language) =>
    path === file ? ts.createSourceFile(path, code, language) : getSourceFile(path, language)
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([file], settings, host))
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

const examples = [...readFileSync(`${ROOT}README.md`, 'utf8').matchAll(BLOCK)].map(([, code]) => code ?? '')

test('the README shows a plugin, in about twenty lines', () => {
  expect(examples).toHaveLength(1)
  expect(examples[0]?.trimEnd().split('\n').length).toBeLessThanOrEqual(22)
})

test('it compiles', () => {
  expect(examples.flatMap(errorsIn)).toEqual([])
})

test('a service that it does not need would not compile', () => {
  const wrong = examples[0]?.replace('setup({ log })', 'setup({ log, gate })') ?? ''
  expect(errorsIn(wrong).join()).toContain('gate')
})
