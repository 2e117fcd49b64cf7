package traffic

import "strings"

// elements adds what was clicked and all that it lies in, as the web library
// records it: five to twelve elements of a page.
func (b *builder) elements() {
	if b.given["$elements"] {
		return
	}
	var texts []string
	for n := fewestElements; n <= len(ancestors); n++ {
		texts = append(texts, `"$elements":[`+strings.Join(ancestors[:n], ",")+"]")
	}
	b.begin()
	b.set(part{op: opChoice, choices: texts})
	b.end()
}

// fewestElements is how many elements the smallest click has.
const fewestElements = 9

// ancestors are the elements of a page from the innermost outwards.
var ancestors = []string{
	`{"tag_name":"span","classes":["Button__content"],"attr__class":"Button__content","nth_child":1,"nth_of_type":1,"$el_text":"Add to cart"}`,
	`{"tag_name":"button","$el_text":"","classes":["Button","Button--primary","Button--large","mb-4"],"attr__class":"Button Button--primary Button--large mb-4","attr__type":"button","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","classes":["flex","flex-col","mb-6"],"attr__class":"flex flex-col mb-6","nth_child":4,"nth_of_type":2}`,
	`{"tag_name":"div","classes":["ProductCard__body"],"attr__class":"ProductCard__body","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"li","classes":["ProductCard"],"attr__class":"ProductCard","attr__role":"listitem","attr__aria-selected":"false","attr__tabindex":"0","nth_child":2,"nth_of_type":2}`,
	`{"tag_name":"ul","classes":["ProductList"],"attr__class":"ProductList","attr__role":"list","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","classes":["ProductList__wrapper"],"attr__class":"ProductList__wrapper","attr__style":"--slider-width: 86.23px; --slider-offset: 367.09px;","attr__data-attr":"products","nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["main-content"],"attr__class":"main-content","nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["SideBar__content"],"attr__class":"SideBar__content","nth_child":4,"nth_of_type":4}`,
	`{"tag_name":"div","classes":["SideBar","SideBar__layout"],"attr__class":"SideBar SideBar__layout","nth_child":4,"nth_of_type":3}`,
	`{"tag_name":"div","classes":["h-screen","flex","flex-col"],"attr__class":"h-screen flex flex-col","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","attr__id":"root","nth_child":3,"nth_of_type":1}`,
	`{"tag_name":"body","attr__theme":"light","attr__class":"","nth_child":2,"nth_of_type":1}`,
	`{"tag_name":"html","attr__lang":"en","attr__class":"no-touch","nth_child":1,"nth_of_type":1}`,
	`{"tag_name":"div","classes":["modal-root","modal-root--open"],"attr__class":"modal-root modal-root--open","nth_child":5,"nth_of_type":5}`,
	`{"tag_name":"section","classes":["modal","modal--wide"],"attr__class":"modal modal--wide","attr__role":"dialog","nth_child":1,"nth_of_type":1}`,
}
