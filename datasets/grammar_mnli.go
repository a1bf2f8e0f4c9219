package datasets

// The inference grammar. A premise tells one event; the hypothesis follows from it, contradicts it or adds to it.
//
//	premise       = the [adjective] person past-verb the [adjective] thing [place] [time] [reason]
//	entailment    = the event with parts left out, a wider word for person or thing, or a negated opposite
//	contradiction = the event negated, its opposite, another place, or the opposite adjective
//	neutral       = the event with a part that the premise leaves open
//
// Some words lean to a label (a wider word to entailment, a reason to neutral) but each occurs with all three, so the
// hypothesis alone does not decide. Verbs come in pairs of which one excludes the other for the same person and thing.

// action is a verb with an opposite that cannot hold of the same person, thing and time.
type action struct{ past, base, oppositePast, oppositeBase string }

// contrary is a pair of adjectives of a thing that exclude each other.
type contrary struct{ one, other string }

// scene is the vocabulary of one genre; matched and mismatched rows come from different scenes.
type scene struct {
	genre   string
	persons []string // specific words for a person
	kinds   []kind
	actions []action
	places  []string
}

// kind is a wider word and the things that it covers.
type kind struct {
	name   string
	things []string
}

var (
	manners    = words(`young old tall tired happy famous quiet clever polite nervous`)
	contraries = []contrary{{"new", "old"}, {"large", "small"}, {"heavy", "light"}, {"clean", "dirty"}, {"cheap", "expensive"},
		{"broken", "intact"}, {"red", "blue"}, {"empty", "full"}, {"warm", "cold"}, {"simple", "complex"}}
	times   = []string{"in the morning", "in the evening", "on monday", "on sunday", "last week", "in march", "after lunch", "at night"}
	reasons = []string{"because a friend asked", "to save money", "because it rained", "for a cousin", "to impress the boss",
		"because the neighbours complained", "as a birthday present", "for the third time", "to win a bet", "without help"}
)

var scenes = []scene{
	{"market", words(`baker farmer cook waiter grocer butcher gardener customer merchant cashier`),
		[]kind{{"fruit", words(`apple pear melon peach mango`)}, {"vegetable", words(`carrot onion cabbage turnip leek`)},
			{"drink", words(`juice tea coffee lemonade cider`)}, {"tool", words(`knife basket spade bucket ladder`)}},
		[]action{{"bought", "buy", "sold", "sell"}, {"accepted", "accept", "refused", "refuse"}, {"kept", "keep", "discarded", "discard"},
			{"praised", "praise", "criticized", "criticize"}, {"found", "find", "lost", "lose"}},
		[]string{"at the market", "in the kitchen", "in the garden", "behind the shop", "near the fountain"}},
	{"office", words(`manager lawyer clerk secretary director accountant engineer intern editor banker`),
		[]kind{{"document", words(`letter report contract invoice memo`)}, {"machine", words(`printer computer scanner telephone projector`)},
			{"seat", words(`chair stool bench sofa armchair`)}, {"device", words(`clock lamp fan radio heater`)}},
		[]action{{"approved", "approve", "rejected", "reject"}, {"remembered", "remember", "forgot", "forget"}, {"opened", "open", "closed", "close"},
			{"delivered", "deliver", "withheld", "withhold"}, {"raised", "raise", "lowered", "lower"}},
		[]string{"at the office", "in the meeting room", "in the basement", "near the elevator", "at the bank"}},
	{"school", words(`teacher student pupil librarian professor coach painter singer dancer author`),
		[]kind{{"instrument", words(`violin piano guitar flute drum`)}, {"book", words(`novel atlas dictionary diary textbook`)},
			{"picture", words(`portrait poster map sketch photograph`)}, {"toy", words(`doll kite puzzle puppet marble`)}},
		[]action{{"liked", "like", "disliked", "dislike"}, {"started", "start", "stopped", "stop"}, {"mentioned", "mention", "concealed", "conceal"},
			{"borrowed", "borrow", "lent", "lend"}, {"defended", "defend", "attacked", "attack"}},
		[]string{"at school", "in the library", "in the theatre", "on the stage", "in the classroom"}},
	{"travel", words(`pilot sailor driver tourist guard porter captain conductor hiker guide`),
		[]kind{{"vehicle", words(`truck bicycle tractor wagon tram`)}, {"vessel", words(`ferry canoe yacht raft barge`)},
			{"animal", words(`horse camel donkey mule goat`)}, {"container", words(`suitcase backpack trunk crate parcel`)}},
		[]action{{"loaded", "load", "unloaded", "unload"}, {"followed", "follow", "avoided", "avoid"}, {"repaired", "repair", "damaged", "damage"},
			{"locked", "lock", "unlocked", "unlock"}, {"pushed", "push", "pulled", "pull"}},
		[]string{"at the harbor", "at the station", "on the bridge", "in the desert", "near the border"}},
}

// event is what a premise tells.
type event struct {
	scene  *scene
	manner string
	person string
	action action
	detail contrary // detail.one is true of the thing
	kind   string
	thing  string
	place  string
	time   string
	reason string
}

// inferenceRow makes premise and hypothesis. Genre 0 draws from the first three scenes, genre 1 (mismatched) from the last.
func inferenceRow(d *dice, genre int) (a, b string, label int32) {
	e := drawEvent(d, genre)
	label = int32(d.below(3))
	switch label {
	case 0:
		b = entailed(d, e)
	case 1:
		b = open(d, e)
	default:
		b = contradicted(d, e)
	}
	return sentence(".", e.subject(), e.action.past, e.object(), e.place, e.time, e.reason), b, label
}

func drawEvent(d *dice, genre int) event {
	s := &scenes[d.below(3)]
	if genre > 0 {
		s = &scenes[3]
	}
	k := &s.kinds[d.below(len(s.kinds))]
	e := event{scene: s, person: d.pick(s.persons), kind: k.name, thing: d.pick(k.things), place: d.pick(s.places)}
	e.action = s.actions[d.below(len(s.actions))]
	if d.chance(50) {
		e.action = action{e.action.oppositePast, e.action.oppositeBase, e.action.past, e.action.base}
	}
	e.detail = contraries[d.below(len(contraries))]
	if d.chance(50) {
		e.detail = contrary{e.detail.other, e.detail.one}
	}
	if d.chance(40) {
		e.manner = d.pick(manners)
	}
	if d.chance(30) {
		e.time = d.pick(times)
	}
	if d.chance(40) {
		e.reason = d.pick(reasons)
	}
	return e
}

func (e event) subject() string { return join("the", e.manner, e.person) }
func (e event) object() string  { return join("the", e.detail.one, e.thing) }

// entailed leaves parts out, widens words, or denies the opposite.
func entailed(d *dice, e event) string {
	who, what := e.loosely(d)
	switch d.weighted(48, 14, 20, 18) {
	case 0:
		return sentence(".", who, e.action.past, what, keep(d, e.place), e.reason)
	case 1:
		return sentence(".", "the", d.pick([]string{e.manner, ""}), e.person, "did not", e.action.oppositeBase, "the", e.thing, keep(d, e.place))
	case 2:
		return sentence(".", "the", e.person, "was", e.place, moment(d), keep(d, e.time))
	default:
		return sentence(".", "the", e.thing, "was", d.pick([]string{e.detail.one, "not " + e.detail.other}))
	}
}

// contradicted denies the event or something in it. It names the person and the thing by their own words: that some
// person sold something does not contradict that the baker bought the apple.
func contradicted(d *dice, e event) string {
	person, thing := d.pick([]string{"the " + e.person, e.subject()}), d.pick([]string{"the " + e.thing, e.object()})
	switch d.weighted(46, 26, 16, 12) {
	case 0:
		return sentence(".", person, d.pick([]string{"did not", "did not", "never"}),
			e.action.base, d.pick([]string{thing, thing, thing, "any " + e.kind, "anything"}), keep(d, e.place))
	case 1:
		return sentence(".", person, e.action.oppositePast, thing, keep(d, e.place), keep(d, e.reason))
	case 2:
		return sentence(".", "the", e.person, "was", d.other(e.scene.places, e.place), moment(d), keep(d, e.time))
	default:
		return sentence(".", "the", e.thing, "was", d.pick([]string{e.detail.other, "not " + e.detail.one}))
	}
}

// open adds what the premise does not say.
func open(d *dice, e event) string {
	switch d.weighted(52, 14, 20, 14) {
	case 0:
		who, what := d.pick([]string{"the " + e.person, e.subject(), "someone"}), d.pick([]string{"the " + e.thing, e.object(), "something"})
		return sentence(".", who, e.action.past, what, d.other(reasons, e.reason))
	case 1:
		return sentence(".", "the", e.person, "did not", d.pick(e.scene.sceneBases(e.action)), "the", e.thing, keep(d, e.place))
	case 2:
		return sentence(".", "the", d.other(e.scene.persons, e.person), "was", e.place, moment(d), keep(d, e.time))
	default:
		c := contraries[d.below(len(contraries))]
		for c.one == e.detail.one || c.one == e.detail.other {
			c = contraries[d.below(len(contraries))]
		}
		return sentence(".", "the", e.thing, "was", d.pick([]string{c.one, c.other, "not " + c.one, "not " + c.other}))
	}
}

// sceneBases are the verbs about which the event says nothing.
func (s *scene) sceneBases(not action) []string {
	var bases []string
	for _, a := range s.actions {
		if a.base != not.base && a.base != not.oppositeBase {
			bases = append(bases, a.base, a.oppositeBase)
		}
	}
	return bases
}

// loosely names person and thing by their own or wider words, all true of the event.
func (e event) loosely(d *dice) (who, what string) {
	who = d.pick([]string{"the " + e.person, "the " + e.person, e.subject(), "someone", "a person"})
	what = d.pick([]string{"the " + e.thing, e.object(), "a " + e.kind, "something"})
	if startsWithVowel(e.kind) && what == "a "+e.kind {
		what = "an " + e.kind
	}
	return who, what
}

// moment points at the time of the event.
func moment(d *dice) string { return d.pick([]string{"", "", "at that moment"}) }

// keep repeats a part in a third of the cases.
func keep(d *dice, part string) string {
	if d.chance(33) {
		return part
	}
	return ""
}
