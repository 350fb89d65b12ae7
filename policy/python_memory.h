/* Memory for the grammar's tree: it takes many small pieces, and all of them go at once. */
#pragma once

/* Has tree-sitter take its memory from here; before it takes any. */
void python_memory_use(void);
/* Gives back everything that tree-sitter took, which it must not touch any more. */
void python_memory_drop(void);
