// Package facts reads what is known of a pipeline: its generation, limits, restrictions,
// costs and stages. Two files hold them, the pipeline's facts that rehearse check is given
// and the staging section of a scenario; both have the same fields, and one reader.
package facts
