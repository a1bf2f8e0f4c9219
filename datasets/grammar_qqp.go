package datasets

// The paraphrase grammar. A question has a topic, an intent and sometimes a circumstance; each intent and circumstance
// has several wordings. Two questions ask the same when all three agree:
//
//	duplicate     = the same three, worded anew
//	not duplicate = another intent | another topic | another or a missing circumstance
//
// Half are duplicates. What people ask twice (how to begin, what is best) differs from what they ask once, which the
// words alone betray; the rest needs the comparison.

// intent is what is asked; the topic follows each wording.
type intent struct{ wordings []string }

var (
	topics = words(`guitar chess spanish yoga cooking painting tennis coding poetry photography gardening swimming knitting
		sailing pottery singing fencing astronomy archery origami calligraphy boxing juggling skiing violin surfing
		carpentry baking dancing climbing cycling fishing magic rowing debating welding embroidery falconry kayaking
		weaving`)
	// The first half are the questions that are asked again and again.
	intents = []intent{
		{[]string{"how do i learn", "how can i learn", "what is a good way to learn", "how should a beginner start with"}},
		{[]string{"what is the best book about", "which book about", "can you name a good book on", "what should i read about"}},
		{[]string{"how long does it take to master", "how many years does one need for", "how much time does it take to become good at"}},
		{[]string{"is it worth learning", "should i spend my time on", "does it make sense to study", "is it a good idea to take up"}},
		{[]string{"what is the history of", "how old is the tradition of", "what are the origins of"}},
		{[]string{"is there a world championship in", "which country wins most contests in", "who is the world champion of"}},
		{[]string{"how dangerous is", "can i get hurt by", "what are the risks of"}},
		{[]string{"how much do professionals earn with", "what is the salary of experts in", "how well paid is"}},
	}
	circumstances = [][]string{
		{"at home", "without leaving my house"}, {"as an adult", "when i am over thirty"}, {"with children", "together with my kids"},
		{"in winter", "during the cold months"}, {"on a small budget", "with very little money"}, {"in a big city", "when living in a large town"},
	}
)

// query is the meaning of a question; circumstance -1 is none.
type query struct{ topic, intent, circumstance int }

// paraphraseRow makes two questions: 1 they ask the same, 0 they do not.
func paraphraseRow(d *dice, _ int) (a, b string, label int32) {
	if d.chance(50) {
		q := drawQuery(d, 80)
		a, b = q.worded(d), q.worded(d)
		for a == b {
			b = q.worded(d)
		}
		return a, b, 1
	}
	q := drawQuery(d, 30)
	return q.worded(d), q.changed(d).worded(d), 0
}

// drawQuery takes one of the common intents in common percent of the cases.
func drawQuery(d *dice, common int) query {
	q := query{topic: d.below(len(topics)), intent: len(intents)/2 + d.below(len(intents)/2), circumstance: -1}
	if d.chance(common) {
		q.intent -= len(intents) / 2
	}
	if d.chance(40) {
		q.circumstance = d.below(len(circumstances))
	}
	return q
}

// changed differs from q in one respect, which makes it another question.
func (q query) changed(d *dice) query {
	switch d.weighted(50, 30, 20) {
	case 0:
		q.intent = d.otherThan(len(intents), q.intent)
	case 1:
		q.topic = d.otherThan(len(topics), q.topic)
	default:
		q.circumstance = d.otherThan(len(circumstances)+1, q.circumstance+1) - 1
	}
	return q
}

// worded is one of the ways to ask.
func (q query) worded(d *dice) string {
	var circumstance string
	if q.circumstance >= 0 {
		circumstance = d.pick(circumstances[q.circumstance])
	}
	return sentence("?", d.pick([]string{"", "", "", "please ,", "honestly ,"}), d.pick(intents[q.intent].wordings),
		topics[q.topic], circumstance)
}
