# Tables in the documents that repeat what the sources say are current.

.ci/docs-tables --check && ! grep -n 'TODO' docs/errors.md
