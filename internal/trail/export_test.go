package trail

// SealBatch is how many entries a round takes.
const SealBatch = sealBatch
