package results

const judgeRaced = false
