package configuration

// typed is what was typed into a form of a drift that has to be mended.
func (p driftsProps) typed(d Drift, decision string) SettleInput {
	if p.At == d.ID.String() && p.In.Decision == decision {
		return p.In
	}
	return SettleInput{}
}
