// kustomizations builds many kustomizations in one process, by the library that the kustomize program is made of: the
// judge of heddle's own renderer.  Folders come on standard input, one a line; each gives one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

type answer struct {
	Folder  string            `json:"folder"`
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error,omitempty"`
}

func build(folder string) (made answer) {
	made = answer{Folder: folder, Objects: []json.RawMessage{}}
	defer func() { // two objects of one name at the end are a panic in kustomize
		if why := recover(); why != nil {
			made.Error = fmt.Sprint(why)
		}
	}()
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		made.Error = err.Error()
		return made
	}
	for _, object := range objects.Resources() {
		text, err := object.MarshalJSON()
		if err != nil {
			made.Error = err.Error()
			return made
		}
		made.Objects = append(made.Objects, text)
	}
	return made
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "merge-keys" {
		printMergeKeys()
		return
	}
	out := json.NewEncoder(os.Stdout)
	for folders := bufio.NewScanner(os.Stdin); folders.Scan(); {
		if err := out.Encode(build(folders.Text())); err != nil {
			os.Exit(1)
		}
	}
}
