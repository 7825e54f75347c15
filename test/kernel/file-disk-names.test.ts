/** Disks on which a file can have but one name, as memory cards are: made of the real one, which is told to refuse links. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type * as promises from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemFileDisk as disk } from '../../src/kernel/file-disk-shell.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'

type Fault = (() => Promise<void>) | undefined
const faults = vi.hoisted(() => ({ rename: undefined as Fault, write: undefined as Fault }))
const failing = (code: string) => Object.assign(new Error(code), { code })

vi.mock('node:fs/promises', async original => {
  const real = await original<typeof promises>()
  return {
    ...real,
    // As Linux does it: first it looks whether the name is free.
    link: async (_: string, to: string) => {
      throw failing(existsSync(to) ? 'EEXIST' : 'EPERM')
    },
    open: async (...given: Parameters<typeof real.open>) => {
      const file = await real.open(...given)
      if (faults.write !== undefined) file.writeFile = faults.write
      return file
    },
    rename: (from: string, to: string) => faults.rename?.() ?? real.rename(from, to),
  }
})

let directory: TemporaryDirectory
const at = (name: string): string => join(directory.path, name)
const text = (name: string): string => readFileSync(at(name), 'utf8')
beforeEach(async () => {
  directory = await temporaryDirectory()
  faults.rename = undefined
  faults.write = undefined
  writeFileSync(at('part'), 'new')
})
afterEach(() => directory.remove())

it('gives a file its name, but never one that is taken, also by an empty file', async () => {
  writeFileSync(at('old'), '')
  expect(await disk.publish(at('part'), at('old'))).toBe(false)
  expect([text('old'), text('part')]).toEqual(['', 'new'])
  expect(await disk.publish(at('part'), at('name'))).toBe(true)
  expect(readdirSync(directory.path).sort()).toEqual(['name', 'old'])
  expect(text('name')).toBe('new')
})

it('leaves nothing under the final name when the disk is so full that not even a note fits', async () => {
  faults.write = () => Promise.reject(failing('ENOSPC'))
  await expect(disk.publish(at('part'), at('name'))).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(readdirSync(directory.path)).toEqual(['part'])
})

it('leaves nothing under the final name when it cannot be given', async () => {
  faults.rename = () => Promise.reject(failing('EIO'))
  await expect(disk.publish(at('part'), at('name'))).rejects.toMatchObject({ code: 'DISK_FAILED' })
  expect(readdirSync(directory.path)).toEqual(['part'])
})

it('goes on after a crash in between, and takes the placeholder of nobody else', async () => {
  let crashed = (): void => undefined
  const inBetween = new Promise<void>(resolve => (crashed = resolve))
  faults.rename = () => {
    crashed()
    return new Promise(() => undefined)
  }
  void disk.publish(at('part'), at('name'))
  await inBetween
  expect(text('name')).toContain('part has arrived and is about to get this name')
  faults.rename = undefined
  faults.write = undefined
  writeFileSync(at('other'), 'other')
  expect(await disk.publish(at('other'), at('name'))).toBe(false)
  expect(await disk.publish(at('part'), at('name'))).toBe(true)
  expect(text('name')).toBe('new')
})
