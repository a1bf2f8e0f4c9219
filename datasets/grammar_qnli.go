package datasets

// The question grammar. A question asks one thing (when, who, where, why, how much) about one event of one landmark;
// the sentence answers it or not:
//
//	entailment     = the same landmark, the same event, with an answer of the asked type
//	not entailment = no answer at all | an answer of another type | another landmark | another event
//
// A sentence without any answer shows in its words; the other three need the question.

// occasion is an event of a landmark in the two forms that the grammar needs.
type occasion struct{ past, question string }

// fact is a type of answer.
type fact struct {
	asks  []string // question openings; the landmark and the occasion follow
	tells func(d *dice) string
}

var (
	landmarkNames = words(`bridge tower museum library castle theatre harbor chapel lighthouse hospital stadium market
		school palace observatory mill monastery station`)
	towns = words(`Arvale Belmora Corwick Dunmere Estholm Farrow Glenby Hartsea Ivydale Jorvik Kelsby Larkton Mirfield
		Norwyn Orford Penrith Quarley Rosmere Selwick Tarnby Ulverton Velmore Wexcombe Yarrow`)
	surnames = words(`Abbot Barlow Carver Dalton Ellis Fenwick Garner Hobbs Irving Jarvis Keller Lambert Mercer Nolan
		Osborne Parker Quincy Ramsey Sutton Thorne`)
	firstNames = words(`Ada Bruno Clara Dora Edwin Flora Hugo Iris Jonas Karin Leo Marta Nora Otto Paula Rosa Simon Vera`)
	occasions  = []occasion{{"was built", "built"}, {"was painted", "painted"}, {"was sold", "sold"}, {"was repaired", "repaired"},
		{"was destroyed", "destroyed"}, {"was opened", "opened"}}
	regions  = words(`north south valley coast island forest highlands delta`)
	causes   = words(`flood fire war earthquake storm plague drought famine`)
	opinions = []string{"is popular with visitors", "appears on many old stamps", "has thick stone walls", "is admired by students",
		"looks beautiful under snow", "remains a symbol of the town", "has been described in several novels", "is a quiet place today",
		"attracts many painters", "is surrounded by gardens"}
	facts = []fact{
		{[]string{"when was", "in what year was"}, func(d *dice) string { return "in " + year(d) }},
		{[]string{"by whom was", "by which person was"}, func(d *dice) string {
			return join("by", d.pick(firstNames), d.pick(surnames))
		}},
		{[]string{"where was", "in which part of the land was"}, func(d *dice) string { return "in the " + d.pick(regions) }},
		{[]string{"why was", "for what reason was"}, func(d *dice) string {
			return join("because of the", d.pick([]string{"great", "long", "sudden", "terrible"}), d.pick(causes))
		}},
		{[]string{"at what cost was", "for how much money was"}, func(d *dice) string {
			return join("for", d.pick(words(`two three five seven nine`)), d.pick(words(`hundred thousand million`)), "crowns")
		}},
	}
)

// year is one of sixty, so that a small vocabulary holds them.
func year(d *dice) string {
	return string([]byte{'1', '7' + byte(d.below(3)), '0' + byte(d.below(10)), "05"[d.below(2)]})
}

// questionRow makes question and sentence: 0 the sentence answers, 1 it does not.
func questionRow(d *dice, _ int) (a, b string, label int32) {
	landmark, town := d.pick(landmarkNames), d.pick(towns)
	event, asked := d.below(len(occasions)), d.below(len(facts))
	a = sentence("?", d.pick(facts[asked].asks), "the", landmark, "of", town, occasions[event].question)
	if d.chance(50) {
		return a, telling(d, landmark, town, event, asked), 0
	}
	switch d.weighted(44, 28, 16, 12) {
	case 0:
		b = remark(d, landmark, town)
	case 1:
		b = telling(d, landmark, town, event, d.otherThan(len(facts), asked))
	case 2:
		b = telling(d, landmark, d.other(towns, town), event, asked)
	default:
		b = telling(d, landmark, town, d.otherThan(len(occasions), event), asked)
	}
	return a, b, 1
}

// telling is a sentence about an event with one fact.
func telling(d *dice, landmark, town string, event, told int) string {
	subject, answer := join("the", landmark, "of", town), facts[told].tells(d)
	if d.chance(30) {
		return sentence(".", subject, ", which", d.pick(opinions), ",", occasions[event].past, answer)
	}
	return sentence(".", subject, occasions[event].past, answer, d.pick([]string{"", "", "as the chronicle says", "and everyone knew it"}))
}

// remark is a sentence that answers nothing.
func remark(d *dice, landmark, town string) string {
	if d.chance(50) {
		return sentence(".", "the", landmark, "of", town, d.pick(opinions), "and", d.pick(opinions))
	}
	return sentence(".", "the", landmark, "of", town, d.pick(opinions), d.pick([]string{"", "even in winter", "as every guide admits"}))
}
