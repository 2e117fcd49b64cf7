// Sends events through posthog-node as an application would: node deliver.mjs URL
import { PostHog } from 'posthog-node'

const client = new PostHog('phc_clients', { host: process.argv[2] })
client.on('error', (error) => {
  console.error('posthog-node:', error.message)
  process.exitCode = 1
})
for (let n = 0; n < 90; n++) {
  client.capture({ distinctId: 'user', event: `node ${n % 2}`, properties: { n } })
}
client.identify({ distinctId: 'user', properties: { plan: 'free' } })
client.alias({ distinctId: 'user', alias: 'anon' })
client.groupIdentify({ groupType: 'company', groupKey: 'acme' })
await client.shutdown(20_000)
