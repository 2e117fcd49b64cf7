module rehearse

go 1.26.0
