/** One end of a contender whose transport is a stream: what its process answers to the calls of the bench. */
import { type ByteStream, FileReceiver, sendFile } from './file-stream.ts'

let receiver: FileReceiver | undefined
let path = ''

/** At the far end: each stream brings one file. */
export const takeFile = (stream: ByteStream): void => {
  receiver = new FileReceiver(stream, path)
}

export const farMethods = {
  expect: ({ as }: { as: string }) => {
    path = as
    receiver = undefined
  },
  received: () => receiver?.received ?? 0,
}

/** At the near end, on a stream that is open. The clock starts here. */
export const moveFile = async (stream: ByteStream, file: string, limitMs: number) => {
  const startedMs = performance.now()
  const isOver = (): boolean => performance.now() - startedMs > limitMs
  const watch = setTimeout(() => stream.destroy(), limitMs)
  const outcome = await sendFile(stream, file, isOver)
  const tookMs = performance.now() - startedMs
  clearTimeout(watch)
  stream.destroy()
  if (outcome !== 'whole' && tookMs < limitMs) throw new Error(`the file did not arrive whole: ${outcome}`)
  return { tookMs }
}
