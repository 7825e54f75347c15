/**
 * The plugin 'ntm.node': the methods that belong to the node itself and not to chat. It comes through the same
 * door as all others.
 */
import type { ChatError } from '../../api/errors.ts'
import { definePlugin } from '../../api/plugin.ts'
import type { Method } from '../../api/points.ts'
import { Coordination, Health, Log, Peers, People } from '../../api/tokens.ts'
import { logMethods } from './log-methods.ts'
import { NodeControl } from './node-control.ts'
import { peerMethods } from './peer-methods.ts'

const controlMethods = (control: NodeControl, health: Health): readonly Method[] => [
  {
    name: 'down',
    call: async () => {
      control.stop()
      return { running: false }
    },
  },
  {
    name: 'plugin.ls',
    call: async () => ({
      plugins: health
        .plugins()
        .map(({ id, version, state, reason }) => ({ id, version, state, reason: reason ?? null })),
    }),
  },
]

const toldOf = (refusal: ChatError | undefined) =>
  refusal === undefined ? null : { code: refusal.code, message: refusal.message, hint: refusal.hint }

export const nodePlugin = definePlugin({
  manifest: { id: 'ntm.node', version: '0.1.0', api: '^1.0.0' },
  needs: { control: NodeControl, log: Log, health: Health, peers: Peers },
  wants: { people: People, coordination: Coordination },
  setup({ control, log, health, peers, people, coordination }) {
    return {
      contributes: {
        method: [
          ...controlMethods(control, health),
          ...logMethods(log, control),
          ...(people === undefined ? [] : peerMethods(peers, people)),
          {
            name: 'status',
            call: async () => ({
              running: control.runs === 'up',
              name: control.name,
              dc: { state: coordination?.state() ?? 'down', refusal: toldOf(coordination?.refusal()) },
              peers: peers.links().filter(link => link.up).length,
              events: control.events(),
              atRest: control.atRest,
              disk: control.disk(),
            }),
          },
        ],
      },
    }
  },
})
