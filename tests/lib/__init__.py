"""What tests share: models, marches, fields, several ranks against one, orders, tables. Only here is the solver's time stepping called."""
