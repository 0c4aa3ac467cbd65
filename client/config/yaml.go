package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
)

// parseYAML turns a document of nested mappings into entries with dotted names. A value
// is the text in the file. YAML's own types would turn an id 010 into 8.
func parseYAML(content []byte) ([]settings.Entry, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // only comments
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, err
		}
		return nil, errors.New("yaml: holds more than one document")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("yaml: line %d: must hold keys with values", root.Line)
	}
	return flatten(nil, "", root)
}

// flatten appends the entries of a mapping. It puts the prefix, such as "server.",
// before each key.
func flatten(entries []settings.Entry, prefix string, mapping *yaml.Node) ([]settings.Entry, error) {
	for i := 0; i < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("yaml: line %d: a key must be text", key.Line)
		}
		name := prefix + key.Value
		var err error
		switch {
		case value.Kind == yaml.MappingNode:
			entries, err = flatten(entries, name+".", value)
		case value.Kind != yaml.ScalarNode:
			err = fmt.Errorf("%s: must be a single value (line %d)", name, value.Line)
		case value.Tag == "!!null":
			entries = append(entries, settings.Entry{Name: name, Line: key.Line})
		default:
			entries = append(entries, settings.Entry{Name: name, Value: value.Value, Line: key.Line})
		}
		if err != nil {
			return nil, err
		}
	}
	return entries, nil
}
