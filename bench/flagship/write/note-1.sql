\set account random(1, :rows)
INSERT INTO crm.notes VALUES (:account, 'new');
