package datasets

// The sentiment grammar. A clause says something good or bad of an aspect of a film; "not" turns it around. Two clauses
// joined by "and" agree; in a contrast the main clause decides:
//
//	sentence = clause | clause and clause | clause but MAIN | although clause , MAIN | MAIN , even though clause
//	clause   = aspect is [intensifier | negation] adjective | verdict on the aspect | a adjective aspect
//
// Words alone decide most sentences, negation and contrast the rest. As in language, a few words are frequent and most
// are rare.

var (
	aspects = words(`plot acting script music pacing ending cast dialogue humor camera direction hero villain story
		soundtrack editing opening romance atmosphere premise sequel remake comedy thriller drama animation screenplay
		finale narration scenery suspense action mystery chemistry storytelling cinematography performance`)
	praise = words(`good great funny brilliant charming moving clever gripping warm fresh elegant delightful touching witty
		superb honest thrilling vivid tender memorable dazzling sharp hilarious poignant stylish wonderful smart uplifting
		haunting exquisite`)
	blame = words(`bad boring dull clumsy shallow predictable lazy bland tedious noisy stale forced messy lifeless awkward
		silly hollow tiresome sloppy dreary cheap annoying muddled flat contrived ugly bloated pretentious dreadful
		forgettable`)
	verdictsFor     = words(`works shines succeeds delights sparkles soars impresses convinces captivates triumphs`)
	verdictsAgainst = words(`fails drags disappoints collapses stumbles irritates sags bores misfires falters`)
	intensifiers    = words(`very truly rather quite really deeply consistently surprisingly utterly simply often mostly`)
	negations       = []string{"not", "never", "hardly", "not exactly", "far from", "anything but", "rarely"}
	owners          = []string{"the", "the", "the", "its", "this film 's", "the director 's", "the movie 's"}
	tails           = []string{"", "", "", "", "", "", "", "", "", "", "", "", "in the end", "throughout", "for once", "from start to finish",
		"at every turn", "in the second half", "for two hours", "as expected", "once again", "on the big screen",
		"for most of its length", "despite the budget"}
)

// sentimentRow makes a sentence and its class: 0 negative, 1 positive, equally often.
func sentimentRow(d *dice, _ int) (a, b string, label int32) {
	good := d.chance(50)
	if good {
		label = 1
	}
	switch d.weighted(56, 20, 8, 8, 8) {
	case 0:
		a = join(clause(d, good), d.pick(tails))
	case 1:
		a = join(clause(d, good), "and", clause(d, good), d.pick(tails))
	case 2:
		a = join(clause(d, !good), d.pick([]string{"but", ", yet", ", however ,"}), clause(d, good))
	case 3:
		a = join(d.pick([]string{"although", "while", "even if", "though"}), clause(d, !good), ",", clause(d, good))
	default:
		a = join(clause(d, good), d.pick([]string{", even though", ", although", "despite the fact that"}), clause(d, !good))
	}
	return a + " .", "", label
}

func clause(d *dice, good bool) string {
	aspect := join(d.pick(owners), d.common(aspects))
	switch d.weighted(46, 22, 20, 12) {
	case 0:
		return join(aspect, "is", quality(d, good))
	case 1:
		return join(aspect, verdict(d, good))
	case 2:
		return join("this is", article(d, opinion(d, good)), d.pick(aspects))
	default:
		return join("i found", aspect, quality(d, good))
	}
}

// quality is an adjective of the wanted sense, negated in one of eight cases.
func quality(d *dice, good bool) string {
	switch d.weighted(13, 27, 60) {
	case 0:
		return join(d.pick(negations), opinion(d, !good))
	case 1:
		return join(d.pick(intensifiers), opinion(d, good))
	default:
		return opinion(d, good)
	}
}

func opinion(d *dice, good bool) string {
	if good {
		return d.common(praise)
	}
	return d.common(blame)
}

func verdict(d *dice, good bool) string {
	if d.chance(12) {
		return join(d.pick([]string{"never", "rarely", "hardly ever"}), verdict(d, !good))
	}
	if good {
		return d.common(verdictsFor)
	}
	return d.common(verdictsAgainst)
}

func article(d *dice, noun string) string {
	if d.chance(40) {
		noun = join(d.pick(intensifiers), noun)
	}
	if startsWithVowel(noun) {
		return "an " + noun
	}
	return "a " + noun
}
