package traffic

// The salts keep the draws for different purposes apart.
const (
	blockSalt   = 0x9fb21c651e98df25
	eventSalt   = 0xd6e8feb86659fd93
	anonSalt    = 0xa0761d6478bd642f
	sessionSalt = 0xe7037ed1a0b428db
	deviceSalt  = 0x8ebc6af09c88c6e3
	groupSalt   = 0x589965cc75374cc3
	clockSalt   = 0x1d8e4e27c47d124f
	rankSalt    = 0x3c6ef372fe94f82b
	delaySalt   = 0x51afd7ed558ccd6d
)
