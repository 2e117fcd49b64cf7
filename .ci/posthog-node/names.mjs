// Prints what the endpoint counted, one line an event name and one a fate: node names.mjs URL
const answer = await fetch(`${process.argv[2]}/_rehearse/stats`)
const stats = await answer.json()
for (const { name, events } of stats.names) console.log(`${name}: ${events}`)
console.log(`accepted: ${stats.events.accepted}, refused: ${stats.events.refused}`)
console.log(`merged: ${stats.pipeline.merges.merged}`)
