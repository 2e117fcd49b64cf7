// Package intake asks what a pipeline team asks before it says yes to a load, and
// writes the answers as a scenario.
//
// The questions are data ([Questions]): what is asked, why, how it is answered,
// and what is assumed while there is no answer. They are printed as a form that
// an email can carry and that is read back when it is filled in ([WriteForm]),
// or asked one by one ([Dialogue]). Answers come as texts ([Understand]); what
// cannot be read and what contradicts itself is told all at once ([Mistakes]).
//
// The scenario ([Answers.WriteScenario]) says in comments which answer each
// section comes from. What was not answered stays visible, as a comment and in
// intake.unanswered, and is filled with a cautious assumption so that the file
// loads and runs. Of the busiest distinct_ids only their counts are kept: an id
// may be an email address.
//
// To read the package: dialogue.go and form.go (asking), course.go, historical.go,
// events.go (the parts of the scenario), write.go, contradictions.go, question.go (the
// questions), answers.go (what was answered), table.go and read.go (texts to values).
package intake
