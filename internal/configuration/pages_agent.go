package configuration

// typed is what was typed into the forms of a drift that has to be mended.
func (p driftsProps) typed(d Drift) SettleInput {
	if p.At == d.ID.String() {
		return p.In
	}
	return SettleInput{}
}
