/** A home with third-party plugins: packages that lie where npm puts them, and a config that names them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectDone } from './expectations.ts'
import type { Document } from './program.ts'
import { promised } from './promised.ts'
import type { Town } from './town.ts'

export interface Code {
  readonly start?: string
  /** Runs when the package is loaded. */
  readonly top?: string
  readonly version?: string
}

export class PluginHome {
  readonly #town: Town
  readonly #who: string

  constructor(town: Town, who: string) {
    this.#town = town
    this.#who = who
  }

  /** The home names these plugins of others, `com.example.NAME`, and no more. */
  settle(plugins: Readonly<Record<string, Code>>): void {
    const chosen = Object.entries(plugins).map(([name, code]) => this.#lay(name, code))
    const file = join(this.#town.home(this.#who), 'config.json')
    const config = JSON.parse(readFileSync(file, 'utf8'))
    const own = Object.entries(config.plugins ?? {}).filter(([id]) => !id.startsWith('com.example.'))
    writeFileSync(file, JSON.stringify({ ...config, plugins: Object.fromEntries([...own, ...chosen]) }))
  }

  /** `plugin ls` by the names given above. */
  async plugins(): Promise<Document> {
    const { plugins } = expectDone(await this.#town.at(this.#who, ['plugin', 'ls']), promised.plugins)
    return Object.fromEntries(
      plugins.map((plugin: Document) => [plugin.id.replace('com.example.', ''), plugin]),
    )
  }

  #lay(name: string, { start = '', top = '', version = '1.0.0' }: Code): [string, Document] {
    const manifest = { id: `com.example.${name}`, version, api: '^1.0.0' }
    const root = join(this.#town.home(this.#who), 'node_modules', name)
    mkdirSync(root, { recursive: true })
    const fields = { name, version, type: 'module', main: 'index.js', ntm: manifest }
    writeFileSync(join(root, 'package.json'), JSON.stringify(fields))
    const code = `import net from 'node:net'
      import { execSync } from 'node:child_process'
      import { readFile } from 'node:fs/promises'
      ${top}
      export default {
        manifest: ${JSON.stringify(manifest)},
        needs: {},
        setup: () => ({ contributes: {}, start: async scope => { ${start} } }),
      }`
    writeFileSync(join(root, 'index.js'), code)
    return [manifest.id, { package: name, version }]
  }
}
